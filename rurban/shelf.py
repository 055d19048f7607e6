"""Device models from their files into the registry: those of the package, and those of the operator's folder."""

import logging
from collections.abc import Mapping

from devices.codecs import CODECS
from devices.profiles import PACKAGED, ProfileFile, profile_files
from rurban.settings import Settings
from telemetry.errors import Invalid
from telemetry.registry import Registry

logger = logging.getLogger(__name__)


def shelved(settings: Settings, registry: Registry) -> Mapping[str, ProfileFile]:
    """All models by id, after the registry has them as their files say; one of the operator's stands before ours.

    Models that are in no file stay in the registry as they are. A packaged one that takes the place of what was
    registered otherwise is told in the log: the operator's folder may have been forgotten.

    Raises:
        Invalid: naming the file, the key, what is wrong and what would be right; the registry is then as it was.
    """
    files = _files(settings)
    known = {profile.id: profile for profile in registry.devices.profiles()}
    changed = [file for file in files.values() if known.get(file.profile.id) != file.profile]
    for file in changed:
        if file.profile.id in known and file.path.is_relative_to(PACKAGED):
            logger.warning("device model %s is now as it is packaged; it was registered otherwise", file.profile.id)
    registry.devices.put_profiles(file.profile for file in changed)
    return files


def completed(settings: Settings, registry: Registry) -> None:
    """Put only models that are missing: what workers decode by is not changed. Raise `Invalid` as `shelved` does."""
    known = {profile.id for profile in registry.devices.profiles()}
    missing = (file.profile for file in _files(settings).values() if file.profile.id not in known)
    registry.devices.put_profiles(missing)


def _files(settings: Settings) -> Mapping[str, ProfileFile]:
    files = profile_files(PACKAGED, CODECS)
    if settings.profiles is not None:
        try:
            own = profile_files(settings.profiles, CODECS)
        except Invalid as invalid:
            raise Invalid(f"RURBAN_PROFILES, {invalid.where}", invalid.wrong, invalid.allowed) from invalid
        logger.info("%d device models of %s", len(own), settings.profiles)
        files |= own
    return files
