#!/bin/sh
# Template of the script of a job: its input `reads` and its parameter `digits` are filled in before it
# runs. The here-document takes any file name as it is.
set -eu

reads=$(cat <<'END_OF_NAME'
${reads}
END_OF_NAME
)

awk -v digits="${digits}" '
    function report() { if (length_) printf "%s\t%." digits "f\n", name, 100 * gc / length_ }
    /^>/ { report(); name = substr($1, 2); gc = length_ = 0; next }
    { length_ += length($0); gc += gsub(/[GCgc]/, "") }
    END { report() }
' < "./$reads" > gc-content.tsv || {
    # Without this a job whose script fails still ends as FINISHED.
    ${AGAVE_JOB_CALLBACK_FAILURE}
    exit 1
}

cat gc-content.tsv
