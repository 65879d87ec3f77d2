"""Trains the bundled model on text that generate.py makes on the fly.

    python train.py --minutes 70 --out checkpoint.pt --log loss.csv

The schedule follows the clock: warm up, hold, and decay over the second half of the minutes, so that a
slower machine trains fewer steps but always ends annealed. `--start` continues from a checkpoint.
"""

import argparse
import copy
import os
import random
import tempfile
import time

import torch
import torch.distributed as dist

import facts
import generate
import tasks
from chat import render
from export import load_file, load_model
from model import Llama, Shape, rope_tables, weighted_loss
from tokenizer import Tokenizer

LENGTHS = [64, 96, 128, 176, 256, 368, 512, 704]  # Few row lengths, so that rows of one length fill a batch.
MICROBATCH_TOKENS = 1536
MICROBATCHES = 1
POOL_DOCUMENTS = 1500


class Data:
    """Rows of similar length together: no document sees another, and little padding is computed."""

    def __init__(self, tokenizer, seed):
        self.tokenizer, self.rng, self.ready = tokenizer, random.Random(seed), []

    def refill(self, progress):
        buckets = {length: [] for length in LENGTHS}
        for _ in range(POOL_DOCUMENTS):
            ids, weights = self.tokenizer.encode_segments(generate.document(self.rng, progress))
            length = next((n for n in LENGTHS if len(ids) - 1 <= n), None)
            if length:
                buckets[length].append((ids, with_prompts(weights, self.rng)))
        for length, rows in buckets.items():
            size = MICROBATCH_TOKENS // length
            for start in range(0, len(rows) - size + 1, size):
                self.ready.append(pad(rows[start:start + size], length))
        self.rng.shuffle(self.ready)

    def next(self, progress):
        if len(self.ready) < MICROBATCHES:
            self.refill(progress)
        return self.ready.pop()


def with_prompts(weights, rng):
    """A little weight on one token of prompts in twenty: what is never asked drifts, and a model whose prompts
    are far from any text it could predict takes every rounding for a large change."""
    return [0.1 if w == 0 and rng.random() < 0.05 else w for w in weights]


def pad(rows, length):
    """Inputs, next-token targets and target weights, each (rows, length)."""
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    targets, weights = torch.zeros_like(ids), torch.zeros(len(rows), length)
    for row, (tokens, token_weights) in enumerate(rows):
        n = len(tokens) - 1
        ids[row, :n] = torch.tensor(tokens[:-1])
        targets[row, :n] = torch.tensor(tokens[1:])
        weights[row, :n] = torch.tensor(token_weights[1:])
    return ids, targets, weights


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix updates are orthogonalised: about half the tokens AdamW needs here.
    Each process works out its share of the matrices; the sum of all shares is the whole update."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.1):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        group = self.param_groups[0]
        updates = [self.update(p, group["momentum"]) if i % dist.get_world_size() == dist.get_rank()
                   else torch.zeros_like(p) for i, p in enumerate(group["params"])]
        flat = torch.cat([u.flatten() for u in updates])
        dist.all_reduce(flat)
        for p, update in zip(group["params"], flat.split([p.numel() for p in group["params"]])):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(update.view_as(p), alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)

    def update(self, p, momentum):
        buffer = self.state[p].setdefault("buffer", torch.zeros_like(p))
        buffer.lerp_(p.grad, 1 - momentum)
        return orthogonal(p.grad.lerp(buffer, momentum))


def orthogonal(gradient):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrix."""
    x = gradient / (gradient.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = (x.T if tall else x).bfloat16()
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).float()


def optimizers(model, matrix_lr, other_lr):
    matrices = [p for p in model.layers.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    return [Muon(matrices, matrix_lr), torch.optim.AdamW(others, other_lr, (0.9, 0.95), weight_decay=0.0)]


def rate(step, progress, decay=0.5):
    return min(1.0, (step + 1) / 40, max(0.0, (1 - progress) / decay))


# --- quick checks: does the most probable token equal the right one at every answer position? ------


def check_sets(tokenizer):
    rng = random.Random(99)
    makers = {
        "arithmetic": (lambda: generate.turn(*tasks.arithmetic(rng, True)), 128),
        "facts": (lambda: generate.turn(*facts.fact(rng, True)), 64),
        "sort": (lambda: generate.turn(*tasks.sort_words(rng, True)), 32),
        "repeat": (lambda: generate.turn(*tasks.repeat(rng, True)), 32),
        "refuse": (lambda: generate.turn(*tasks.out_of_scope(rng, True)), 32),
    }
    sets = {name: [render(make()) for _ in range(n)] for name, (make, n) in makers.items()}
    sets["tools"] = [render(*generate.tool_conversation(rng, True)) for _ in range(48)]
    return {name: [tokenizer.encode_segments(d) for d in documents] for name, documents in sets.items()}


@torch.no_grad()
def exact_share(model, rows):
    rows, right, tables = sorted(rows, key=lambda r: len(r[0])), 0, rope_tables(model.shape, 1024)
    for start in range(0, len(rows), 16):
        part = rows[start:start + 16]
        length = max(len(ids) for ids, _ in part) - 1
        ids, targets, weights = pad(part, length)
        with torch.autocast("cpu", torch.bfloat16):
            best = model(ids, tables[0][:length], tables[1][:length]).argmax(-1)
        right += int(((best == targets) | (weights < 1)).all(1).sum())
    return right / len(rows)


class Trainer:
    """One process of several: each has its own documents, gradients are summed once a step. On shared
    cores this is much faster than one process with threads, which would wait at every operator."""

    def __init__(self, options, rank):
        self.options, self.rank = options, rank
        self.tokenizer = Tokenizer.load(options.tokenizer)
        self.model = Llama(Shape())
        if options.start:
            start = load_file(options.start) if options.start.endswith(".gguf") else load_model(options.start)
            self.model.load_state_dict(start.state_dict())
        self.average = copy.deepcopy(self.model)
        self.optimizers = optimizers(self.model, options.matrix_lr, options.other_lr)
        self.bases = [o.param_groups[0]["lr"] for o in self.optimizers]
        self.data = Data(self.tokenizer, options.seed * 1000 + rank)
        self.tables = rope_tables(self.model.shape, LENGTHS[-1])
        self.sets = check_sets(self.tokenizer)

    def backward(self, progress):
        """Gradients of the summed loss; returns loss, weight and tokens of this process."""
        sums = [0.0, 0.0, 0.0]
        for _ in range(MICROBATCHES):
            ids, targets, weights = self.data.next(progress)
            cos, sin = (t[:ids.shape[1]].bfloat16() for t in self.tables)
            with torch.autocast("cpu", torch.bfloat16):
                loss = weighted_loss(self.model, ids, targets, weights, cos, sin)
            loss.backward()
            sums = [a + b for a, b in zip(sums, (loss.item(), float(weights.sum()), ids.numel()))]
        return sums

    def share(self, sums, clock):
        """Sums the gradients over the processes; only the first one's clock counts."""
        parameters = list(self.model.parameters())
        clock = clock if self.rank == 0 else 0.0
        flat = torch.cat([p.grad.flatten() for p in parameters] + [torch.tensor([*sums, clock])])
        dist.all_reduce(flat)
        loss, weight, tokens, clock = flat[-4:].tolist()
        for p, grad in zip(parameters, flat[:-4].split([p.numel() for p in parameters])):
            p.grad = grad.view_as(p) / weight
        return loss / weight, int(tokens), clock

    def step(self, step, elapsed, progress):
        seconds = self.options.minutes * 60
        loss, tokens, progress = self.share(self.backward(progress), elapsed / seconds)
        progress = self.options.begin + (1 - self.options.begin) * progress
        for optimizer, base in zip(self.optimizers, self.bases):
            optimizer.param_groups[0]["lr"] = base * rate(step, progress)
            optimizer.step()
        self.model.zero_grad()
        self.track(min(0.99, step / (step + 10)) if progress < 0.7 else 0.95)
        return loss, tokens, progress

    @torch.no_grad()
    def track(self, keep):
        """The running average is what is saved: it is better than any single step's weights."""
        for mean, p in zip(self.average.parameters(), self.model.parameters()):
            mean.lerp_(p, 1 - keep)

    def save(self):
        torch.save({"weights": self.average.state_dict(), "shape": vars(self.model.shape)}, self.options.out)

    def check(self, log, step, seen, loss, seconds):
        shares = [exact_share(self.average, rows) for rows in self.sets.values()]
        log.write(f"{step},{seen},{loss:.4f}," + ",".join(f"{s:.3f}" for s in shares) + "\n")
        log.flush()
        self.save()
        print(f"{time.strftime('%H:%M:%S')} step {step}, {seen / seconds:.0f} tokens/s", flush=True)

    def run(self, log):
        begin, step, seen, mean, progress = time.time(), 0, 0, None, self.options.begin
        due = begin + self.options.check
        log.write("step,tokens,loss," + ",".join(self.sets) + "\n")
        while progress < 1:
            loss, tokens, progress = self.step(step, time.time() - begin, progress)
            step, seen = step + 1, seen + tokens
            mean = loss if mean is None else 0.95 * mean + 0.05 * loss
            if self.rank == 0 and (time.time() > due or progress >= 1):
                due = time.time() + self.options.check
                self.check(log, step, seen, mean, time.time() - begin)


def worker(rank, options, meeting):
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=options.processes)
    with open(options.log if rank == 0 else os.devnull, "w") as log:
        Trainer(options, rank).run(log)
    dist.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--tokenizer", default="tokenizer.json")
    parser.add_argument("--start", help="a checkpoint, or a GGUF file of export.py, to go on from")
    parser.add_argument("--begin", type=float, default=0.0, help="the progress that --start has reached, 0 to 1")
    parser.add_argument("--out", default="checkpoint.pt")
    parser.add_argument("--log", default="loss.csv")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--check", type=float, default=240, help="seconds between checks")
    parser.add_argument("--matrix-lr", type=float, default=0.02)
    parser.add_argument("--other-lr", type=float, default=0.004)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = (options, os.path.join(folder, "meeting"))
        torch.multiprocessing.spawn(worker, arguments, nprocs=options.processes)


if __name__ == "__main__":
    main()
