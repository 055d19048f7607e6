"""Device models as data: a TOML file each, beside this file and in a folder of the operator's (docs/profiles.md)."""

from devices.profiles.files import PACKAGED, Example, Expected, ProfileFile, profile_file, profile_files

__all__ = ["PACKAGED", "Example", "Expected", "ProfileFile", "profile_file", "profile_files"]
