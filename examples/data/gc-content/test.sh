#!/bin/sh
# Checks that this machine has what wrapper.sh needs.
set -eu
test "$(printf 'GATTACA\n' | awk '{ print gsub(/[GC]/, "") }')" = 2
echo ok
