#!/usr/bin/env python3
"""Draws small pictures in every format Ocelli reads and writes down what Pillow and transformers make of them.

  python tools/goldens/image.py [core/src/test/resources/goldens/image]

Needs pillow, numpy, transformers and torch (made with pillow 13.0.0, numpy 2.4.6, transformers 5.23.0). No photo is used: every
picture comes from a formula. Files written:

  formats/NAME.EXT       a picture in one format or variant
  expected/NAME.EXT.png  exif_transpose(open(NAME.EXT)).convert("RGB"), an 8-bit RGB PNG
  resize.bin             Image.resize of one picture: many sizes, all filters
  processors.bin         the outputs of transformers' PIL-backed image processors on pictures of odd sizes
  processors/NAME.json   their settings, as preprocessor_config.json

The .bin files are gzip streams of records, all numbers little-endian int32 or float32:
  resize.bin:     width, height, RGB bytes of the source; then until the end: filter code, width, height, CRC-32 of the RGB bytes
  processors.bin: until the end: length and ASCII name of the settings, source width and height, the seed of the source (see
                  `picture`, which the test draws itself), result height and width, CRC-32 of the CHW float32 bytes, then every
                  SAMPLE-th float of it
A CRC in place of pixels keeps the folder small and still asks for equality in every bit.
"""
import gzip
import io
import json
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

SAMPLE = 997
OUT = sys.argv[1] if len(sys.argv) > 1 else "core/src/test/resources/goldens/image"


def picture(width, height, seed=0):
    """Smooth colour slopes with a hard-edged checker and noise; whole-number arithmetic, so that Java draws the same."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    noise = (x * 7919 + y * 104729 + seed * 1299709) % 8191 * 31 % 64
    red = (x * 255 // max(width - 1, 1) + noise // 4) % 256
    green = (y * 255 // max(height - 1, 1) * 3 // 4 + noise // 2) % 256
    blue = ((x // 5 + y // 7 + seed) % 2) * 180 + noise
    return np.stack([red, green, blue], -1).astype(np.uint8)


def smooth(width, height):
    """Without noise, for lossy formats, and larger than their blocks."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, 128 + 100 * np.sin(x / 9.0) * np.cos(y / 7.0)], -1).astype(np.uint8)


def save(name, data):
    path = f"{OUT}/formats/{name}"
    with open(path, "wb") as f:
        f.write(data)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    expected.save(f"{OUT}/expected/{name}.png", optimize=True)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation):
    e = Image.Exif()
    e[0x0112] = orientation
    return e.tobytes()


def png(width, height, depth, colour, rows, extra=b""):
    """A PNG by hand, for depths that Pillow doesn't write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + r for r in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def without_segments(jpeg, *markers):
    """The JPEG without its application segments of these numbers, to leave the decoder to guess the colours."""
    out, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        size = 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if jpeg[at + 1] not in markers:
            out += jpeg[at:at + size]
        at += size
    return bytes(out + jpeg[at:])


def turned_sampling(jpeg):
    """A 4:2:2 JPEG read as 4:4:0: blocks of 8x16 for 16x8, so half as wide and twice as high with as many blocks."""
    at = jpeg.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", jpeg[at + 5:at + 9])
    assert jpeg[at + 11] == 0x21
    return jpeg[:at + 5] + struct.pack(">HH", height * 2 - 3, width // 2) + jpeg[at + 9:at + 11] + b"\x12" + jpeg[at + 12:]


def jpegs():
    image = Image.fromarray(smooth(61, 45))
    grey, cmyk = image.convert("L"), Image.fromarray(np.dstack([255 - smooth(61, 45), smooth(61, 45)[..., 2] // 3]), "CMYK")
    save("grey.jpg", encoded(grey, "jpeg", quality=90))
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        save(f"sampling-{sampling.replace(':', '')}.jpg", encoded(image, "jpeg", quality=85, subsampling=sampling))
    save("sampling-440.jpg", turned_sampling(encoded(Image.fromarray(smooth(64, 32)), "jpeg", quality=85, subsampling="4:2:2")))
    save("progressive.jpg", encoded(image, "jpeg", quality=80, progressive=True))
    save("restart.jpg", encoded(image, "jpeg", quality=80, restart_marker_blocks=2))
    save("unmarked-ycc.jpg", without_segments(encoded(image, "jpeg", quality=90, subsampling="4:4:4"), 0xE0))
    save("rgb.jpg", encoded(image, "jpeg", quality=95, keep_rgb=True))
    save("profile.jpg", encoded(image, "jpeg", quality=90, icc_profile=swapped_profile()))
    save("broken-profile.jpg", encoded(image, "jpeg", quality=90, icc_profile=b"nonsense" * 20))
    marked = encoded(cmyk, "jpeg", quality=90)
    save("cmyk.jpg", marked)
    save("cmyk-unmarked.jpg", without_segments(marked, 0xEE))
    at = marked.index(b"Adobe") + 11
    save("ycck.jpg", marked[:at] + b"\2" + marked[at + 1:])
    arrow = Image.fromarray(picture(19, 11))
    for orientation in range(1, 9):
        save(f"exif{orientation}.jpg", encoded(arrow, "jpeg", quality=95, subsampling=0, exif=exif(orientation)))
    save("exif0.jpg", encoded(arrow, "jpeg", quality=95, exif=exif(0)))
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    save("xmp6.jpg", encoded(arrow, "jpeg", quality=95, xmp=xmp))


def swapped_profile():
    """sRGB with the red and blue primaries exchanged: whoever follows it gets other colours."""
    from PIL import ImageCms
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", data[128:132])[0]
    tags = {bytes(data[132 + 12 * i:136 + 12 * i]): 132 + 12 * i for i in range(count)}
    r, b = tags[b"rXYZ"], tags[b"bXYZ"]
    data[r + 4:r + 12], data[b + 4:b + 12] = data[b + 4:b + 12], data[r + 4:r + 12]
    return bytes(data)


def pngs():
    a = picture(23, 17)
    image = Image.fromarray(a)
    alpha = np.arange(23 * 17).reshape(17, 23).astype(np.uint8)
    save("rgb8.png", encoded(image, "png"))
    save("rgba8.png", encoded(Image.fromarray(np.dstack([a, alpha])), "png"))
    save("grey8.png", encoded(image.convert("L"), "png"))
    save("greyalpha8.png", encoded(Image.fromarray(np.dstack([a[..., 0], alpha]), "LA"), "png"))
    save("palette8.png", encoded(image.quantize(200), "png", transparency=3))
    save("palette2.png", encoded(image.quantize(4), "png", bits=2))
    save("palette1.png", encoded(image.quantize(2), "png", bits=1))
    save("grey1.png", encoded(image.convert("1"), "png"))
    for depth in (2, 4):
        save(f"grey{depth}.png", png(16, 5, depth, 0, [bytes((i * 37 + j * 91) % 256 for i in range(2 * depth)) for j in range(5)]))
    wide = (a.astype(">u2") * 251 + 77) // np.array([1, 3, 200], ">u2")
    save("grey16.png", png(23, 17, 16, 0, [r.tobytes() for r in wide[..., 2].astype(">u2")]))
    save("rgb16.png", png(23, 17, 16, 2, [r.tobytes() for r in wide.astype(">u2")]))
    save("rgba16.png", png(23, 17, 16, 6, [r.tobytes() for r in np.dstack([wide, wide[..., :1]]).astype(">u2")]))
    save("greyalpha16.png", png(23, 17, 16, 4, [r.tobytes() for r in wide[..., :2].astype(">u2")]))
    save("profile.png", encoded(image, "png", icc_profile=swapped_profile(), gamma=0.3))
    save("interlaced.png", interlaced(a))
    save("exif6.png", encoded(image, "png", exif=exif(6)))
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="3"/>')
    save("xmp3.png", encoded(image, "png", pnginfo=text))
    save("onepixel.png", encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "png"))


def interlaced(a):
    rows = []
    for y, x, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)):
        rows += [r.tobytes() for r in a[y::dy, x::dx]]
    data = bytearray(png(a.shape[1], a.shape[0], 8, 2, rows))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def others():
    a = picture(23, 17)
    image = Image.fromarray(a)
    frames = [image.quantize(64), Image.fromarray(picture(23, 17, 5)).quantize(64)]
    save("animated.gif", encoded(frames[0], "gif", save_all=True, append_images=frames[1:], duration=100))
    save("interlaced.gif", encoded(frames[0], "gif", interlace=1))
    save("transparent.gif", encoded(frames[0], "gif", transparency=5))
    save("grey.gif", encoded(image.convert("L"), "gif"))
    save("offset.gif", offset_gif(False))
    save("offset-transparent.gif", offset_gif(True))
    save("rgb24.bmp", encoded(image, "bmp"))
    save("grey8.bmp", encoded(image.convert("L"), "bmp"))
    save("palette8.bmp", encoded(frames[0], "bmp"))
    save("mono1.bmp", encoded(image.convert("1"), "bmp"))
    save("rgba32.bmp", encoded(Image.fromarray(np.dstack([a, a[..., 0]])), "bmp"))
    save("rgb555.bmp", bmp16(a, None))
    save("rgb565.bmp", bmp16(a, (0xF800, 0x7E0, 0x1F)))
    save("topdown.bmp", topdown(encoded(image, "bmp")))
    photo = Image.fromarray(smooth(61, 45))
    see = Image.fromarray(np.dstack([smooth(61, 45), np.arange(61 * 45).reshape(45, 61).astype(np.uint8)]))
    save("lossy.webp", encoded(photo, "webp", quality=85))
    save("lossy-low.webp", encoded(photo, "webp", quality=20))
    save("lossy-alpha.webp", encoded(see, "webp", quality=85))
    save("lossless.webp", encoded(image, "webp", lossless=True))
    save("lossless-alpha.webp", encoded(see, "webp", lossless=True, exact=True))
    save("profile.webp", encoded(image, "webp", lossless=True, icc_profile=swapped_profile()))
    save("exif6.webp", encoded(image, "webp", lossless=True, exif=exif(6)))
    save("animated.webp", encoded(image, "webp", lossless=True, save_all=True, append_images=[Image.fromarray(picture(23, 17, 5))]))


def offset_gif(transparent):
    """A frame of 4x3 at 3,2 on a canvas of 10x8, which Pillow doesn't write by itself."""
    small = encoded(Image.fromarray(picture(4, 3)).quantize(8), "gif")
    at = small.index(b",", 13 + 3 * (2 << (small[10] & 7)))
    control = b"!\xf9\x04\x01\0\0\x02\0" if transparent else b""
    head = small[:6] + struct.pack("<HH", 10, 8) + small[10:13 + 3 * (2 << (small[10] & 7))]
    return head + control + b"," + struct.pack("<HH", 3, 2) + small[at + 5:]


def bmp16(a, masks):
    h, w = a.shape[:2]
    r, g, b = (a[..., c].astype(np.uint16) for c in range(3))
    v = (r >> 3) << 11 | (g >> 2) << 5 | b >> 3 if masks else (r >> 3) << 10 | (g >> 3) << 5 | b >> 3
    rows = b"".join(row.astype("<u2").tobytes() + b"\0" * (-2 * w % 4) for row in v[::-1])
    extra = struct.pack("<III", *masks) if masks else b""
    start = 54 + len(extra)
    head = struct.pack("<IiiHHIIiiII", 40, w, h, 1, 16, 3 if masks else 0, len(rows), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + extra + rows


def topdown(bmp):
    height = struct.unpack("<i", bmp[22:26])[0]
    return bmp[:22] + struct.pack("<i", -height) + bmp[26:]


def resizes():
    out = bytearray()
    source = picture(47, 31)
    image = Image.fromarray(source)
    out += struct.pack("<ii", 47, 31) + source.tobytes()
    sizes = [(1, 1), (1, 31), (47, 1), (2, 3), (5, 4), (7, 40), (13, 11), (23, 15), (24, 16), (30, 31), (31, 31), (46, 30), (47, 31)]
    sizes += [(47, 20), (47, 60), (20, 31), (48, 32), (61, 77), (94, 62), (100, 3), (3, 100), (141, 93), (200, 150), (333, 211)]
    for code in range(6):
        for w, h in sizes:
            out += struct.pack("<iiiI", code, w, h, zlib.crc32(image.resize((w, h), code).tobytes()))
    write("resize.bin", out)


def settings():
    imagenet = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    half = dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)
    return {
        "dinov2": BitImageProcessorPil(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}, resample=3, **imagenet),
        "vit": ViTImageProcessorPil(size={"height": 224, "width": 224}, resample=2, **half),
        "resnet": ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875, resample=3, **imagenet),
        "clip": CLIPImageProcessorPil(),
        "clip-default-bit": BitImageProcessorPil(),
        "vit-default": ViTImageProcessorPil(),
        "convnext-default": ConvNextImageProcessorPil(),
        "convnext-odd": ConvNextImageProcessorPil(size={"shortest_edge": 97}, crop_pct=0.9, resample=1),
        "odd-crop": BitImageProcessorPil(size={"shortest_edge": 75}, crop_size={"height": 61, "width": 98}, resample=2),
        "padded": BitImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 57, "width": 64}, resample=3),
        "no-resize": BitImageProcessorPil(do_resize=False, crop_size={"height": 50, "width": 41}),
        "no-normalise": ViTImageProcessorPil(size={"height": 33, "width": 21}, do_normalize=False, resample=4),
        "no-rescale": ViTImageProcessorPil(size={"height": 33, "width": 21}, do_rescale=False, resample=0, image_mean=[120.0, 110.0, 100.0],
                                           image_std=[60.0, 61.0, 62.0]),
        "no-crop": CLIPImageProcessorPil(do_center_crop=False, size={"height": 30, "width": 44}, resample=5),
    }


def processors():
    out = bytearray()
    for name, processor in settings().items():
        values = json.loads(processor.to_json_string())
        # Some writers leave out what is None; others write it.
        with open(f"{OUT}/processors/{name}.json", "w") as f:
            json.dump(values, f, indent=1, sort_keys=True)
        for seed, (w, h) in enumerate([(61, 45), (45, 61), (300, 201), (199, 333), (1, 1), (64, 64), (500, 3)]):
            result = processor(Image.fromarray(picture(w, h, seed)), return_tensors="np")["pixel_values"][0]
            assert result.dtype == np.float32, result.dtype
            result = np.ascontiguousarray(result)
            out += struct.pack("<i", len(name)) + name.encode() + struct.pack("<iii", w, h, seed)
            out += struct.pack("<ii", *result.shape[1:]) + struct.pack("<I", zlib.crc32(result.tobytes()))
            out += result.reshape(-1)[::SAMPLE].tobytes()
    write("processors.bin", out)


def write(name, data):
    with open(f"{OUT}/{name}", "wb") as f:
        f.write(gzip.compress(bytes(data), 9, mtime=0))


for folder in ("formats", "expected", "processors"):
    os.makedirs(f"{OUT}/{folder}", exist_ok=True)
jpegs()
pngs()
others()
resizes()
processors()
