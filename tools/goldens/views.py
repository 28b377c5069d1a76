#!/usr/bin/env python3
"""Writes what Pillow makes of a small picture: the alterations of dev.ocelli.image.Alter.

  python tools/goldens/views.py core/src/test/resources/goldens/image/views.bin

Needs pillow and numpy (made with pillow 13.0.0). The file: width, height (little-endian int32) and RGB bytes of the source; then until the
end: name (length, ASCII), four float32 arguments, width, height, RGB bytes. No photo is used.
"""
import struct
import sys

import numpy as np
from PIL import Image, ImageEnhance

rng = np.random.default_rng(5)
source = Image.fromarray(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8))


def picture(image):
    return struct.pack("<ii", *image.size) + image.tobytes()


with open(sys.argv[1], "wb") as out:
    out.write(picture(source))

    def case(name, image, *arguments):
        arguments = list(arguments) + [0.0] * (4 - len(arguments))
        out.write(struct.pack("<i", len(name)) + name.encode() + struct.pack("<4f", *arguments) + picture(image))

    case("crop", source.crop((2, 1, 2 + 5, 1 + 4)), 2, 1, 5, 4)
    case("mirror", source.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    for factor in (0.0, 0.25, 0.7, 1.0, 1.3, 1.9):
        factor = float(np.float32(factor))
        case("brightness", ImageEnhance.Brightness(source).enhance(factor), factor)
        case("contrast", ImageEnhance.Contrast(source).enhance(factor), factor)
        case("saturation", ImageEnhance.Color(source).enhance(factor), factor)
