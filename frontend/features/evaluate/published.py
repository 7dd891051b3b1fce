"""Published accuracies on Galaxy10 DECaLS, on other splits: for orientation only."""

from dataclasses import dataclass

from shared.contract.datasets import Dataset

GALAXY10_CLASSES = (
    "Disturbed", "Merging", "Round Smooth", "In-between Round Smooth", "Cigar Shaped Smooth", "Barred Spiral",
    "Unbarred Tight Spiral", "Unbarred Loose Spiral", "Edge-on without Bulge", "Edge-on with Bulge",
)  # fmt: skip
GALAXY10_IMAGES = 17_736


@dataclass(frozen=True)
class Published:
    """A model, its accuracy in per cent as published, and a caveat."""

    model: str
    accuracy: str
    note: str


GALAXY10_REFERENCES = (
    Published("ViT-S/8 at random init, 20-NN", "31.1", "Small subset."),
    Published("32 × 32 raw pixels, 20-NN", "41.9", "Small subset."),
    Published("frozen ImageNet DINO ViT-S/8, 20-NN", "50.4", "Small subset."),
    Published(
        "LeJEPA ResNet-34, pretrained in the domain: frozen / fine-tuned",
        "78.2 / 83.3",
        "Dataset quoted from memory; check before citing.",
    ),
    Published("ImageNet and DINOv2 models, fine-tuned", "83 – 87", "On the shared split, 1,774 test images."),
    Published("Zoobot 2, fine-tuned", "86.7", "Pretrained on 100 million volunteer votes."),
    Published("Astroformer / D16-equivariant CNN", "94.9 / 95.5", "Their splits cannot be reproduced."),
)


def published_references(dataset: Dataset | None) -> tuple[Published, ...]:
    """The list for the complete Galaxy10 DECaLS; empty for simulated data and samples of it."""
    if dataset is None or dataset.simulated or tuple(dataset.class_names) != GALAXY10_CLASSES:
        return ()
    whole = dataset.n + dataset.skipped_count >= GALAXY10_IMAGES
    return GALAXY10_REFERENCES if whole and dataset.provenance.get("kind") == "galaxy10" else ()
