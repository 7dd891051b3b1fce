#!/usr/bin/env bash
# astropy 8.0.2 gives NaN for BLANK pixels of scaled integers, but not where BZERO is 32768: then the image is
# uint16, and a blank pixel is 65535, the brightest of all. BZERO 32767 gives NaN. FITS 4.0 makes no difference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check astropy==8.0.2 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from astropy.io import fits

found = {}
for zero in (32767, 32768):
    hdu = fits.PrimaryHDU(np.array([[5, 32767]], np.int16))  # as stored; 32767 is blank
    hdu.header["BLANK"] = 32767
    hdu.header["BZERO"] = zero
    hdu.writeto("image.fits", overwrite=True)
    with fits.open("image.fits", do_not_scale_image_data=True) as file:
        assert file[0].data.tolist() == [[5, 32767]] and file[0].header["BZERO"] == zero
    with fits.open("image.fits") as file:
        found[zero] = file[0].data
        print("BZERO", zero, "gives", found[zero].dtype, found[zero].tolist())
assert np.isnan(found[32767][0, 1])
assert found[32768].dtype == np.uint16 and found[32768].tolist() == [[32773, 65535]]
PYTHON
