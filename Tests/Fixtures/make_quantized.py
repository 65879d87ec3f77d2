"""Writes quantized.bin and quantized.json: random blocks of each type, and what PyPI's gguf makes of them.

Per type: the blocks, then the expected values as little-endian f32. Scales cover zero, the largest half, the
smallest subnormal half and both signs; infinities and NaN are left out, since their payload is nobody's promise.
Run: pip install gguf numpy; python make_quantized.py
"""

import json
import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
BLOCKS = 12
SCALE_OFFSETS = {
    "F16": range(0, 2, 2), "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82],
    "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
}
EXTREMES = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0xBC00]


def blocks_of(name, random):
    kind = gguf.GGMLQuantizationType[name]
    values, size = gguf.GGML_QUANT_SIZES[kind]
    count = BLOCKS if values > 1 else 64
    blocks = random.integers(0, 256, (count, size), dtype=np.uint8)
    if name == "F16":
        blocks[:, 1] &= 0xBF  # Clears an exponent bit: no infinities.
    for position, offset in enumerate(SCALE_OFFSETS.get(name, [])):
        for block in range(count):
            if block < len(EXTREMES):
                half = EXTREMES[(block + 3 * position) % len(EXTREMES)]
            else:
                half = int(np.float16(random.normal(0, 0.01)).view(np.uint16))
            blocks[block, offset : offset + 2] = [half & 255, half >> 8]
    if name in ("F32", "BF16"):
        blocks[:, -1] &= 0xBF
    return kind, values, blocks


def main():
    random = np.random.default_rng(20)
    index, data = [], bytearray()
    for name in [
        "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS",
    ]:
        kind, values, blocks = blocks_of(name, random)
        raw = blocks.reshape(-1)
        expected = gguf.quants.dequantize(raw.view(np.float32) if name == "F32" else raw, kind)
        expected = np.ascontiguousarray(expected, dtype=np.float32).reshape(-1)
        assert np.isfinite(expected).all() or name == "F32", name
        index.append({"type": name, "number": int(kind), "values": expected.size, "bytes": raw.size, "offset": len(data)})
        data += raw.tobytes() + expected.tobytes()
    (HERE / "quantized.bin").write_bytes(data)
    (HERE / "quantized.json").write_text(json.dumps(index, indent=1) + "\n")


main()
