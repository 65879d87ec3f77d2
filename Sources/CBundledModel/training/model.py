"""The Llama architecture in PyTorch, small: grouped-query attention, RoPE with Llama 3.1 scaling,
RMSNorm, SwiGLU, tied embeddings. The q/k layout is Hugging Face's half rotation; export.py permutes."""

import dataclasses
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class Shape:
    vocab: int = 2048
    dim: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 4
    ffn: int = 512
    context: int = 4096
    eps: float = 1e-5
    rope_theta: float = 500000.0
    rope_factor: float = 8.0
    rope_low: float = 1.0
    rope_high: float = 4.0
    rope_original: int = 1024

    @property
    def head_dim(self):
        return self.dim // self.heads


def rope_divisors(shape):
    """What `rope_freqs.weight` holds: 1 for short waves, `rope_factor` for long, a blend between."""
    divisors = []
    for i in range(shape.head_dim // 2):
        wave = 2 * math.pi * shape.rope_theta ** (2 * i / shape.head_dim)
        blend = (shape.rope_original / wave - shape.rope_low) / (shape.rope_high - shape.rope_low)
        blend = min(1.0, max(0.0, blend))
        divisors.append(1.0 / ((1 - blend) / shape.rope_factor + blend))
    return divisors


def rope_tables(shape, length):
    """Cosine and sine, each (length, head_dim / 2)."""
    steps = torch.arange(shape.head_dim // 2, dtype=torch.float64) * 2 / shape.head_dim
    frequency = shape.rope_theta ** -steps / torch.tensor(rope_divisors(shape), dtype=torch.float64)
    angle = torch.arange(length, dtype=torch.float64)[:, None] * frequency
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


QUERY_BLOCK = 128


def grouped_attention(q, k, v):
    """Returns (batch, queries, heads, head_dim); the queries are the last positions of `k`. The query
    heads of a group are rows of one product, so K and V are not repeated, and QUERY_BLOCK queries at a
    time see only the keys before their end: on a CPU this trains twice as fast as the fused operator,
    whose backward is slow."""
    batch, heads, queries, head_dim = q.shape
    kv, length = k.shape[1:3]
    q = q.reshape(batch, kv, heads // kv, queries, head_dim) * head_dim ** -0.5
    past = length - queries
    outputs = []
    for start in range(0, queries, QUERY_BLOCK):
        block = q[:, :, :, start:start + QUERY_BLOCK]
        rows = block.shape[3]
        end = past + start + rows
        mask = torch.full((rows, end), float("-inf"), dtype=q.dtype).triu(past + start + 1)
        keys, values = (x[:, :, :end].reshape(batch * kv, end, head_dim) for x in (k, v))
        scores = block.reshape(batch * kv, -1, head_dim) @ keys.transpose(1, 2)
        weights = (scores.view(batch * kv, -1, rows, end) + mask).softmax(-1)
        out = weights.to(values.dtype).view(batch * kv, -1, end) @ values
        outputs.append(out.view(batch, heads, rows, head_dim))
    return torch.cat(outputs, 2).transpose(1, 2)


class Layer(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        kv = shape.kv_heads * shape.head_dim
        self.attn_norm = nn.Parameter(torch.ones(shape.dim))
        self.ffn_norm = nn.Parameter(torch.ones(shape.dim))
        self.q, self.k, self.v = matrix(shape.dim, shape.dim), matrix(kv, shape.dim), matrix(kv, shape.dim)
        self.o = nn.Parameter(torch.zeros(shape.dim, shape.dim))
        self.gate, self.up = matrix(shape.ffn, shape.dim), matrix(shape.ffn, shape.dim)
        self.down = nn.Parameter(torch.zeros(shape.dim, shape.ffn))

    def attention(self, x, cos, sin, past):
        s, (batch, length, _) = self.shape, x.shape
        kv = s.kv_heads * s.head_dim
        joint = F.linear(x, torch.cat([self.q, self.k, self.v]))
        q, k, v = (part.view(batch, length, -1, s.head_dim).transpose(1, 2)
                   for part in joint.split([s.dim, kv, kv], -1))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if past is not None:
            k, v = past.extend(self, k, v)
        out = grouped_attention(q, k, v)
        return F.linear(out.reshape(batch, length, s.dim), self.o)

    def forward(self, x, cos, sin, past):
        eps, dim = self.shape.eps, (self.shape.dim,)
        x = x + self.attention(F.rms_norm(x, dim, self.attn_norm, eps), cos, sin, past)
        joint = F.linear(F.rms_norm(x, dim, self.ffn_norm, eps), torch.cat([self.gate, self.up]))
        gate, up = joint.chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)


def matrix(rows, columns):
    return nn.Parameter(torch.randn(rows, columns) * columns ** -0.5 * 0.6)


class Llama(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Parameter(torch.randn(shape.vocab, shape.dim) * 0.03)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.Parameter(torch.ones(shape.dim))

    def hidden(self, ids, cos, sin, past=None):
        """Normalised last states (batch, length, dim) for ids (batch, length) that follow `past`."""
        x = F.embedding(ids, self.embedding)
        for layer in self.layers:
            x = layer(x, cos, sin, past)
        return F.rms_norm(x, (self.shape.dim,), self.norm, self.shape.eps)

    def forward(self, *inputs):
        """Logits (batch, length, vocab)."""
        return F.linear(self.hidden(*inputs), self.embedding)


def weighted_loss(model, ids, targets, weights, cos, sin):
    """Sum of the weighted cross-entropies; the caller divides by the step's whole weight. The head is
    computed only where a weight is: most positions are prompt."""
    chosen = weights > 0
    logits = F.linear(model.hidden(ids, cos, sin)[chosen], model.embedding).float()
    losses = F.cross_entropy(logits, targets[chosen], reduction="none")
    return (losses * weights[chosen]).sum()


class Past:
    """Keys and values of the tokens so far, per layer."""

    def __init__(self):
        self.entries = {}

    def extend(self, layer, k, v):
        if layer in self.entries:
            old_k, old_v = self.entries[layer]
            k, v = torch.cat([old_k, k], 2), torch.cat([old_v, v], 2)
        self.entries[layer] = (k, v)
        return k, v


@torch.no_grad()
def greedy(model, prompt, stops, limit=256):
    """The most probable continuation of one prompt, including the stop token if there is one."""
    cos, sin = rope_tables(model.shape, len(prompt) + limit)
    past, answer, fresh, position = Past(), [], list(prompt), 0
    while len(answer) < limit and not (answer and answer[-1] in stops):
        end = position + len(fresh)
        logits = model(torch.tensor([fresh]), cos[position:end], sin[position:end], past)[0, -1]
        position, fresh = end, [int(logits.argmax())]
        answer += fresh
    return answer
