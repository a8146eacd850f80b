"""duplicity's exit statuses by name.

Source: duplicity 3.2.1, log.py, class ErrorCode; the names are its own, in lower case.
"""

from __future__ import annotations

import signal

NAMES: dict[int, str] = {
    0: "ok",
    1: "generic",
    2: "command_line",
    3: "hostname_mismatch",
    4: "no_manifests",
    5: "mismatched_manifests",
    6: "unreadable_manifests",
    7: "cant_open_filelist",
    8: "bad_url",
    9: "bad_archive_dir",
    10: "deprecated_option",
    11: "restore_path_exists",
    12: "verify_dir_doesnt_exist",
    13: "backup_dir_doesnt_exist",
    14: "file_prefix_error",
    15: "globbing_error",
    16: "redundant_inclusion",
    17: "inc_without_sigs",
    18: "no_sigs",
    19: "restore_path_not_found",
    20: "no_restore_files",
    21: "mismatched_hash",
    22: "unsigned_volume",
    23: "user_error",
    27: "ftp_ncftp_missing",
    28: "ftp_ncftp_too_old",
    30: "exception",
    31: "gpg_failed",
    33: "not_implemented",
    34: "get_freespace_failed",
    35: "not_enough_freespace",
    36: "get_ulimit_failed",
    37: "maxopen_too_low",
    38: "connection_failed",
    39: "restart_file_not_found",
    40: "gio_not_available",
    42: "source_path_mismatch",
    43: "ftps_lftp_missing",
    44: "volume_wrong_size",
    45: "enryption_mismatch",  # duplicity's own spelling
    46: "pythonoptimize_set",
    47: "dpbx_nologin",
    48: "bad_request",
    49: "s3_kms_no_id",
    50: "backend_error",
    51: "backend_permission_denied",
    52: "backend_not_found",
    53: "backend_no_space",
    54: "backend_command_error",
    55: "backend_code_error",
    56: "backend_validation_failed",
    70: "redundant_filter",
    71: "trailing_filter",
    72: "absolute_files_from",
    73: "empty_files_from",
    80: "bad_sign_key",
    81: "bad_encrypt_key",
    82: "bad_hidden_encrypt_key",
}


def name_of(status: int) -> str:
    """Return the name of an exit status; a negative one is the signal that ended the process."""
    if status < 0:
        try:
            return signal.Signals(-status).name
        except ValueError:
            return f"signal_{-status}"
    return NAMES.get(status, f"status_{status}")
