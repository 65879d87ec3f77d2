"""Byte-level BPE in the Llama 3 scheme: its split pattern, ids ordered by merge rank.

    python tokenizer.py --out tokenizer.json

Two properties are ours. Digits never merge, so that arithmetic sees every digit. And letters merge
before a leading space joins them, so that `Paris` and ` Paris` break into the same letters: copying a
name out of a sentence into JSON is then the same token sequence after the first token.
"""

import argparse
import collections
import json
import random

import regex

from chat import BOS, END, EOS, EOT, START

SPLIT = regex.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = [BOS, EOS, "<|finetune_right_pad_id|>", START, END, "<|eom_id|>", EOT, "<|python_tag|>"]
VOCABULARY = 2048
LETTER_MERGES = 1240


def byte_order():
    """Llama 3 gives the printable bytes the first ids; GPT-2's map shows the others as U+0100..."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return printable + [b for b in range(256) if b not in printable]


def byte_map():
    order = byte_order()
    return {b: chr(b) if i < 188 else chr(256 + i - 188) for i, b in enumerate(order)}


class Tokenizer:
    def __init__(self, tokens):
        """`tokens`: the normal tokens as bytes, in id order."""
        self.tokens = tokens
        self.ranks = {token: rank for rank, token in enumerate(tokens)}
        self.special_ids = {text: len(tokens) + i for i, text in enumerate(SPECIALS)}
        self.cache = {}

    @classmethod
    def load(cls, path):
        back = {c: b for b, c in byte_map().items()}
        with open(path, encoding="utf-8") as file:
            return cls([bytes(back[c] for c in text) for text in json.load(file)["tokens"]])

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"tokens": self.shown(), "specials": SPECIALS}, file, ensure_ascii=False, indent=0)

    def shown(self):
        """The normal tokens as the byte-mapped strings that GGUF stores."""
        mapped = byte_map()
        return ["".join(mapped[b] for b in token) for token in self.tokens]

    def merges(self):
        """Every split of every token into two tokens, by rank: what Llama 3's converter writes."""
        mapped = byte_map()
        show = lambda part: "".join(mapped[b] for b in part)
        return [f"{show(token[:cut])} {show(token[cut:])}" for token in self.tokens
                for cut in range(1, len(token)) if token[:cut] in self.ranks and token[cut:] in self.ranks]

    def merge(self, piece):
        parts = [piece[i:i + 1] for i in range(len(piece))]
        while len(parts) > 1:
            ranked = [(self.ranks.get(parts[i] + parts[i + 1], 1 << 30), i) for i in range(len(parts) - 1)]
            rank, i = min(ranked)
            if rank == 1 << 30:
                break
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
        return [self.ranks[part] for part in parts]

    def encode(self, text):
        ids = []
        for piece in SPLIT.findall(text):
            known = self.cache.get(piece)
            if known is None:
                known = self.merge(piece.encode())
                if len(self.cache) < 200_000:
                    self.cache[piece] = known
            ids += known
        return ids

    def encode_segments(self, segments):
        """Ids and loss weights of a document (see chat.py)."""
        ids, weights = [], []
        for text, is_special, weight in segments:
            part = [self.special_ids[text]] if is_special else self.encode(text)
            ids += part
            weights += [weight] * len(part)
        return ids, weights

    def decode(self, ids):
        parts = [self.tokens[i] if i < len(self.tokens) else SPECIALS[i - len(self.tokens)].encode() for i in ids]
        return b"".join(parts).decode(errors="replace")


# --- training -------------------------------------------------------------------------------------


def count_pieces(documents):
    """Counts letter runs without their leading character, other pieces whole, and the leads apart."""
    pieces, leads = collections.Counter(), collections.Counter()
    for text in documents:
        for piece in SPLIT.findall(text):
            if any(c.isdigit() for c in piece):
                continue
            if len(piece) > 1 and not piece[0].isalpha() and piece[1].isalpha():
                leads[piece] += 1
                piece = piece[1:]
            pieces[piece] += 1
    return pieces, leads


def best_pair(words):
    pairs = collections.Counter()
    for parts, count in words:
        for pair in zip(parts, parts[1:]):
            pairs[pair] += count
    return max(pairs.items(), key=lambda item: (item[1], item[0]))[0]


def apply_pair(words, pair):
    for parts, _ in words:
        i = 0
        while i < len(parts) - 1:
            if (parts[i], parts[i + 1]) == pair:
                parts[i:i + 2] = [pair[0] + pair[1]]
            i += 1


def train_merges(pieces, count, tokens):
    words = [([p.encode()[i:i + 1] for i in range(len(p.encode()))], n) for p, n in pieces.items() if n > 2]
    while len(tokens) < 256 + count:
        pair = best_pair(words)
        apply_pair(words, pair)
        if pair[0] + pair[1] not in tokens:
            tokens.append(pair[0] + pair[1])


def add_leads(tokens, leads, size):
    """The most frequent (lead + first token) become tokens after all letter merges."""
    tokenizer, counts = Tokenizer(list(tokens)), collections.Counter()
    for piece, count in leads.items():
        first = tokenizer.tokens[tokenizer.merge(piece[1:].encode())[0]]
        counts[piece[0].encode() + first] += count
    fresh = [token for token, _ in counts.most_common() if token not in tokenizer.ranks]
    tokens += fresh[:size - len(tokens)]


def train(seed, document_count):
    from generate import document

    rng = random.Random(seed)
    texts = [text for _ in range(document_count) for text, special, _ in document(rng) if not special]
    pieces, leads = count_pieces(texts)
    tokens = [bytes([b]) for b in byte_order()]
    train_merges(pieces, LETTER_MERGES, tokens)
    add_leads(tokens, leads, VOCABULARY - len(SPECIALS))
    return Tokenizer(tokens)


def check(tokenizer):
    """Every token is what its own bytes encode to, so that merging alone reaches it."""
    unreachable = [t for t in tokenizer.tokens if tokenizer.merge(t) != [tokenizer.ranks[t]]]
    if unreachable:
        raise SystemExit(f"tokens that merging does not reach: {unreachable[:10]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="tokenizer.json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=25000)
    options = parser.parse_args()
    tokenizer = train(options.seed, options.documents)
    check(tokenizer)
    tokenizer.save(options.out)
    print(len(tokenizer.tokens) + len(SPECIALS), "tokens")


if __name__ == "__main__":
    main()
