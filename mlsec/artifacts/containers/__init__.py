"""Readers of archives: zip, tar, 7z, ar, cpio, OCI layouts."""
