"""Functions of agavepy 0.9 for files; the methods of ``Agave`` do the same."""

from __future__ import annotations

from agavepy.files.copy import files_copy
from agavepy.files.delete import files_delete
from agavepy.files.download import files_download
from agavepy.files.exceptions import AgaveFilesError
from agavepy.files.history import files_history
from agavepy.files.import_files import files_import
from agavepy.files.list import files_list
from agavepy.files.mkdir import files_mkdir
from agavepy.files.move import files_move
from agavepy.files.pems_delete import files_pems_delete
from agavepy.files.pems_list import files_pems_list
from agavepy.files.pems_update import files_pems_update
from agavepy.files.upload import files_upload

__all__ = [
    "AgaveFilesError",
    "files_copy",
    "files_delete",
    "files_download",
    "files_history",
    "files_import",
    "files_list",
    "files_mkdir",
    "files_move",
    "files_pems_delete",
    "files_pems_list",
    "files_pems_update",
    "files_upload",
]
