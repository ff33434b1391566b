"""Whether the target has the images of the members."""

from __future__ import annotations

from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject, quietly

CHECK = "images"


def find(subject: Subject) -> list[Difference]:
    """Return the members whose image the target does not have.

    Nothing is asked where no instance was made from an image.
    """
    target = subject.there
    used = {
        instance.name: str(instance.here["image_id"])
        for instance in subject.forecast.instances
        if instance.here.get("image_id")
    }
    if not used:
        return []
    images = target.images
    ids = {str(one.get("id")) for one in images}
    names = {str(one.get("name")) for one in images}
    source = subject.source
    called = {
        str(one.get("id")): str(one.get("name"))
        for one in (quietly(lambda: source.images, []) if source else ())
    }
    found = []
    for name, identity in used.items():
        image = called.get(identity)
        # of an image whose name is not known nothing can be told
        if identity in ids or image is None or image in names:
            continue
        found.append(
            Difference(
                check=CHECK,
                site=target.name,
                member=name,
                attribute="image_id",
                protected=image,
                message=f"{target.name} has no image {image} of {name}",
            )
        )
    return found
