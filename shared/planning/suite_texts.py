"""What each suite asks, and what the report leaves open."""

from shared.contract.suites import Choice, SuiteInfo

SPLIT = Choice(
    what="the split and its sizes",
    ours="80/10/10 of the dataset, stratified and seeded; test rows are read once",
)
STOP = Choice(
    what="patience, and the epoch that was judged",
    ours="no early stop; the best checkpoint of validation",
)
OPTIMISER = Choice(
    what="the probes' optimiser",
    ours="multinomial L-BFGS on standardised frozen features, λ of validation",
)
SHAPE = Choice(
    what="batch, image size and decoder",
    ours="64 px or 224 px by scale; one decoder for every size",
)
WHICH = Choice(
    what="which augmentations",
    ours="flips and quarter turns, crops of 0.6 of the area or more, colour ± 0.2; probes on originals",
)
TWIN = Choice(
    what="the baseline's recipe",
    ours="a twin that differs in its initial weights alone; layer decay is off for both",
)

SUITES: dict[str, SuiteInfo] = {
    key: SuiteInfo(key=key, title=title, question=question, choices=choices)
    for key, title, question, choices in (
        ("R1", "Supervised baseline", "How far do labels alone take the base model?", [SPLIT, SHAPE, STOP]),
        ("R2", "Model size", "Do larger models probe better?", [SPLIT, SHAPE, STOP, OPTIMISER]),
        (
            "R3",
            "Augmentations",
            "Do augmentations help a masked autoencoder?",
            [SPLIT, SHAPE, OPTIMISER, WHICH],
        ),
        ("R4", "Reconstructions", "What does it make of galaxies, checkpoint by checkpoint?", [SHAPE]),
        (
            "R5",
            "Heads and depths",
            "What is read best off a frozen encoder, and does fine-tuning beat it?",
            [SPLIT, SHAPE, STOP, OPTIMISER],
        ),
        (
            "R6",
            "Fine-tuned against scratch",
            "Does pretraining help at the same budget, and in fewer epochs?",
            [SPLIT, SHAPE, TWIN],
        ),
        ("F1", "Mask ratio", "How much should be hidden, at equal steps?", []),
        ("F2", "Decoder size", "Does a larger decoder leave a better encoder?", []),
        ("F3", "Empty sky", "Does it help to care less about the sky?", []),
        ("F4", "Patch size", "How fine should patches be?", []),
        ("F5", "Epochs", "Does it still improve with longer training?", []),
        ("F6", "Few labels", "From how few labels does pretraining pay?", []),
        ("F7", "Pooling and probe", "How should tokens become one vector?", []),
    )
}
