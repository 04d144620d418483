"""The same kit for those who use unittest."""

import unittest

from reads.counting import remember, remembered

from agavepy.testing import AgaveTestMixin


class Remembering(AgaveTestMixin, unittest.TestCase):
    """Counts are kept through a service that fails at first."""

    def test_a_count_is_kept(self):
        remember(self.agave, "x.fa", 1)
        self.agave_faults.fail("meta.listMetadata", 503)
        self.assertEqual(remembered(self.agave, "x.fa"), 1)
