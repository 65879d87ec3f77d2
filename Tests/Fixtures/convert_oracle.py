"""Converts a safetensors oracle checkpoint to GGUF, the way llama.cpp's converter does.

Query and key rows go from half-split to interleaved order, llama3 rope scaling becomes the tensor of divisors, norms
become F32, everything else stays BF16 to the bit; tokenizer and chat template go into the metadata.
Run: pip install gguf numpy; python convert_oracle.py oracle-a oracle-a.gguf
"""

import json
import math
import pathlib
import struct
import sys

import gguf
import numpy as np

LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def read_tensors(path):
    """(name, array of the upper halves of f32) of a BF16 file."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "BF16", entry
        begin, end = entry["data_offsets"]
        yield name, np.frombuffer(data[8 + length + begin : 8 + length + end], "<u2").reshape(entry["shape"])


def interleaved(rows, heads):
    """Row i and row i + half of each head become neighbours."""
    split = rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1])
    return np.ascontiguousarray(split.swapaxes(1, 2)).reshape(rows.shape)


def gguf_name(name):
    name = name.removesuffix(".weight")
    if name in OUTER:
        return OUTER[name] + ".weight"
    layer, tensor = name.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{LAYER[tensor]}.weight"


def rope_divisors(rope, head_size):
    """Meta's apply_scaling, as divisors."""
    divisors = []
    for i in range(head_size // 2):
        wave = 2 * math.pi * rope["rope_theta"] ** (2 * i / head_size)
        original, low, high = rope["original_max_position_embeddings"], rope["low_freq_factor"], rope["high_freq_factor"]
        if wave < original / high:
            divisors.append(1.0)
        elif wave > original / low:
            divisors.append(rope["factor"])
        else:
            smooth = (original / wave - low) / (high - low)
            divisors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(divisors, np.float32)


def add_tokenizer(writer, source, size):
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    tokens = {id: text for text, id in tokenizer["model"]["vocab"].items()}
    types = dict.fromkeys(tokens, gguf.TokenType.NORMAL)
    for added in tokenizer["added_tokens"]:
        tokens[added["id"]] = added["content"]
        types[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list([tokens.get(i, f"[PAD{i}]") for i in range(size)])
    writer.add_token_types([types.get(i, gguf.TokenType.UNUSED) for i in range(size)])
    merges = tokenizer["model"]["merges"]
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    ids = {text: id for id, text in tokens.items()}
    names = json.loads((source / "tokenizer_config.json").read_text())
    writer.add_bos_token_id(ids[names["bos_token"]])
    writer.add_eos_token_id(ids[names["eos_token"]])
    writer.add_pad_token_id(ids[names["pad_token"]])
    writer.add_add_bos_token(True)
    writer.add_chat_template((source / "chat_template.jinja").read_text())


def main(source, target):
    config = json.loads((source / "config.json").read_text())
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_name(source.name)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    add_tokenizer(writer, source, config["vocab_size"])
    if config["rope_parameters"]["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_divisors(config["rope_parameters"], config["head_dim"]))
    for name, halves in read_tensors(source / "model.safetensors"):
        if "q_proj" in name or "k_proj" in name:
            halves = interleaved(halves, heads if "q_proj" in name else kv_heads)
        if halves.ndim == 1:
            writer.add_tensor(gguf_name(name), (halves.astype(np.uint32) << 16).view(np.float32))
        else:
            writer.add_tensor(gguf_name(name), halves.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
