"""Questions of the suites, and our choices where the report is silent."""

from shared.contract.suites import Choice, SuiteInfo

SPLIT, STOP, OPTIMISER, SHAPE, WHICH, TWIN = (
    Choice(what=what, ours=ours)
    for what, ours in (
        (
            "the split and its sizes",
            "80/10/10 of the dataset, stratified and seeded; test rows are read once",
        ),
        ("patience, and the evaluated epoch", "no early stopping; the best checkpoint of validation"),
        (
            "the optimiser of probes",
            "multinomial L-BFGS on standardised frozen features, λ chosen on validation",
        ),
        ("batch, image size and decoder", "64 px or 224 px by scale; one decoder for every size"),
        (
            "which augmentations",
            "flips and quarter turns, crops of 0.6 of the area or more, colour ± 0.2; probes on originals",
        ),
        (
            "the recipe of the baseline",
            "a twin that differs in its initial weights alone; layer decay is off for both",
        ),
    )
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
        ("R4", "Reconstructions", "How do reconstructions improve, checkpoint by checkpoint?", [SHAPE]),
        (
            "R5",
            "Heads and depths",
            "Which head reads a frozen encoder best, and does fine-tuning beat it?",
            [SPLIT, SHAPE, STOP, OPTIMISER],
        ),
        (
            "R6",
            "Fine-tuned against scratch",
            "Does pretraining help at the same budget, and in fewer epochs?",
            [SPLIT, SHAPE, TWIN],
        ),
        ("F1", "Mask ratio", "How much should be masked, at equal steps?", []),
        ("F2", "Decoder size", "Does a larger decoder leave a better encoder?", []),
        ("F3", "Empty sky", "Does it help to weight the sky less?", []),
        ("F4", "Patch size", "How fine should patches be?", []),
        ("F5", "Epochs", "Does longer training still improve it?", []),
        ("F6", "Few labels", "From how few labels does pretraining help?", []),
        ("F7", "Pooling and probe", "How should tokens become one vector?", []),
    )
}
