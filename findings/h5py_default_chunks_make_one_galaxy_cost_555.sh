#!/usr/bin/env bash
# h5py 3.16.0, numpy 2.4.6, Python 3.11.
#
# A dataset of 17,736 RGB images of 256 x 256 pixels, created with compression="gzip" and no `chunks`, gets chunks of
# (555, 16, 16, 1): a chunk holds a 16 x 16 corner of one band of 555 galaxies. To read one galaxy (196,608 bytes),
# HDF5 must decompress 768 chunks, 109,117,440 bytes: 555 times what was asked for. The factor equals the length of a
# chunk along the first axis and grows with the number of images: 8 for 60 images, 63 for 1,000. Reading whole images
# one by one is the usual access in training, and nothing warns about it.
# chunks=(1, 256, 256, 3), or no compression at all, reads exactly one image.
#
# Seen:
#   60 images: chunks (8, 64, 64, 1), read amplification 8
#   1000 images: chunks (63, 32, 32, 1), read amplification 63
#   17736 images: chunks (555, 16, 16, 1), read amplification 555
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
"$work/venv/bin/python" - "$work" <<'PY'
import math
import sys

import h5py

IMAGE = (1, 256, 256, 3)
EXPECTED = {60: (8, 64, 64, 1), 1000: (63, 32, 32, 1), 17736: (555, 16, 16, 1)}
seen = {}
with h5py.File(f"{sys.argv[1]}/galaxies.h5", "w") as file:
    for n in EXPECTED:
        images = file.create_dataset(f"images_{n}", (n, *IMAGE[1:]), dtype="uint8", compression="gzip")
        touched = math.prod(math.ceil(side / chunk) for side, chunk in zip(IMAGE, images.chunks))
        amplification = touched * math.prod(images.chunks) // math.prod(IMAGE)
        print(f"{n} images: chunks {images.chunks}, read amplification {amplification}")
        seen[n] = images.chunks
        assert amplification == images.chunks[0]
sys.exit(seen != EXPECTED)
PY
