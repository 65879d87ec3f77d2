"""Writes the checkpoint as GGUF v3: Q8_0 matrices, F32 norms, tokenizer, chat template.

    python export.py --checkpoint checkpoint.pt --tokenizer tokenizer.json --out ../model.gguf
"""

import argparse

import gguf
import numpy
import torch

from chat import CHAT_TEMPLATE
from model import Llama, Shape, rope_divisors
from tokenizer import BOS, EOT, SPECIALS, Tokenizer

TOKEN_NORMAL, TOKEN_CONTROL = 1, 3
LAYER_NAMES = {"attn_norm": "attn_norm", "ffn_norm": "ffn_norm", "q": "attn_q", "k": "attn_k", "v": "attn_v",
               "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}


def load_model(path):
    saved = torch.load(path)
    model = Llama(Shape(**saved["shape"]))
    model.load_state_dict(saved["weights"])
    return model


def load_file(path):
    """The model of a GGUF file that this program wrote: what `train.py --start` goes on from."""
    values = {t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).astype(numpy.float32))
              for t in gguf.GGUFReader(path).tensors}
    model = Llama(Shape())
    with torch.no_grad():
        model.embedding.copy_(values["token_embd.weight"])
        model.norm.copy_(values["output_norm.weight"])
        for index, layer in enumerate(model.layers):
            for ours, theirs in LAYER_NAMES.items():
                weight = values[f"blk.{index}.{theirs}.weight"]
                if ours in ("q", "k"):
                    weight = halved(weight, model.shape.heads if ours == "q" else model.shape.kv_heads)
                getattr(layer, ours).copy_(weight)
    return model


def halved(weight, heads):
    """The reverse of `interleaved`."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def interleaved(weight, heads):
    """Half rotation (x[i], x[i + n/2]) to GGUF's neighbouring pairs: row 2i = i, row 2i+1 = i + n/2."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def tensors(model):
    """(GGUF name, F32 array) in file order."""
    shape = model.shape
    yield "token_embd.weight", model.embedding
    yield "rope_freqs.weight", torch.tensor(rope_divisors(shape))
    for index, layer in enumerate(model.layers):
        for ours, theirs in LAYER_NAMES.items():
            weight = getattr(layer, ours)
            if ours in ("q", "k"):
                weight = interleaved(weight, shape.heads if ours == "q" else shape.kv_heads)
            yield f"blk.{index}.{theirs}.weight", weight
    yield "output_norm.weight", model.norm


def write_shape(writer, shape):
    writer.add_name("drover-demo")
    writer.add_license("apache-2.0")
    writer.add_description("Small demonstration model trained for Drover from generated text")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.dim)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_theta)
    writer.add_vocab_size(shape.vocab)


def write_tokenizer(writer, tokenizer):
    ids = tokenizer.special_ids
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokenizer.shown() + SPECIALS)
    writer.add_token_types([TOKEN_NORMAL] * len(tokenizer.tokens) + [TOKEN_CONTROL] * len(SPECIALS))
    writer.add_token_merges(tokenizer.merges())
    writer.add_bos_token_id(ids[BOS])
    # As in Llama 3 Instruct files, where the turn's end is the end; <|end_of_text|> is found by its text.
    writer.add_eos_token_id(ids[EOT])
    writer.add_eot_token_id(ids[EOT])
    writer.add_eom_token_id(ids["<|eom_id|>"])
    writer.add_pad_token_id(ids["<|finetune_right_pad_id|>"])
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_tensors(writer, model):
    for name, weight in tensors(model):
        array = weight.detach().numpy().astype(numpy.float32)
        if array.ndim == 2:
            packed = gguf.quants.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, array)


def dequantized(model):
    """The model as the file will hold it, for checks without a server."""
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 2:
                packed = gguf.quants.quantize(p.numpy(), gguf.GGMLQuantizationType.Q8_0)
                p.copy_(torch.from_numpy(gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q8_0)))
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", default="checkpoint.pt")
    parser.add_argument("--tokenizer", default="tokenizer.json")
    parser.add_argument("--out", default="../model.gguf")
    options = parser.parse_args()
    model = load_model(options.checkpoint)
    writer = gguf.GGUFWriter(options.out, "llama")
    write_shape(writer, model.shape)
    write_tokenizer(writer, Tokenizer.load(options.tokenizer))
    write_tensors(writer, model)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
