"""Without pytest: the same tenant, faults and time in ``unittest``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CASES = """
import asyncio
import subprocess
import sys
import unittest
from pathlib import Path

from agavepy import Agave
from agavepy.testing import AgaveTestMixin, IsolationError

HOME = {"systemId": "sandbox.storage", "filePath": "ada"}


class WithATenant(AgaveTestMixin, unittest.TestCase):
    agave_settings = {"token_ttl": 100}

    def test_clients(self):
        self.assertEqual(self.agave.profiles.get().username, "ada")
        self.assertEqual(self.agave_as("grace").profiles.get().username, "grace")
        self.assertEqual(self.agave_admin.profiles.get().username, "admin")
        self.assertEqual(Agave.restore().profiles.get().username, "ada")
        self.assertEqual(self.agave_home, Path.home() / ".agave")

    def test_faults_time_and_calls(self):
        self.agave_faults.fail("profiles.get", 503)
        self.agave_clock.advance(101)
        self.agave.profiles.get()
        self.agave_calls.assert_called("profiles.get", 2)
        self.agave_calls.assert_called("token.create")

    def test_isolation(self):
        with self.assertRaises(IsolationError):
            Agave(api_server="https://example.org", token="x").profiles.get()

    def test_restored_1(self):
        self.make()

    def test_restored_2(self):
        self.make()

    def make(self):
        self.assertNotIn("made", [entry.name for entry in self.agave.files.list(**HOME)])
        self.agave.files.manage(**HOME, body={"action": "mkdir", "path": "made"})


class Https(AgaveTestMixin, unittest.TestCase):
    agave_settings = {"tls": True}

    def test_code_that_restores_its_own_client(self):
        program = "from agavepy import Agave; print(Agave.restore().profiles.get().username)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(done.stdout, "ada\\n", done.stderr)
        self.assertEqual(Agave.restore().profiles.get().username, "ada")


class Sluggish(AgaveTestMixin, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.agave_faults.fail("profiles.get", 503)

    async def test_async(self):
        user = await asyncio.to_thread(self.agave.profiles.get)
        self.assertEqual(user.username, "ada")
        for number in (1, 2):
            with self.subTest(number=number):
                self.assertEqual(self.agave.profiles.get().username, "ada")
        self.agave_calls.assert_called("profiles.get", 4)


class Another(AgaveTestMixin, unittest.TestCase):
    agave_settings = {"seed": "empty"}

    def test_settings(self):
        self.assertEqual(self.agave.systems.list(), [])
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_cases.py").write_text(CASES)
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", *command],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_mixin_gives_a_tenant_to_unittest(tmp_path: Path) -> None:
    done = run(tmp_path, "unittest", "test_cases")
    assert done.returncode == 0, done.stderr
    assert "Ran 8 tests" in done.stderr


def test_the_mixin_works_under_pytest_as_well(tmp_path: Path) -> None:
    done = run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout
