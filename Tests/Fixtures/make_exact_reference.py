"""Writes exact.json beside a checkpoint's reference.json: the same ids, judged by transformers as it loads the model.

    python make_exact_reference.py oracle-a oracle-d        # needs torch and transformers

reference.json was made by a model that had been cast to bfloat16 and back, its rotary frequencies with it. A model
that is loaded in float32 keeps them exact, as Drover does.
"""

import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM


def judged(model, case):
    """The case with the log-probabilities of `model`, fed the reference's own ids."""
    prompt, greedy = case["prompt_ids"], case["greedy_ids"]
    with torch.no_grad():
        rows = torch.log_softmax(model(torch.tensor([prompt + greedy])).logits[0].float(), -1)
    steps = []
    for row in rows[len(prompt) - 1:-1]:
        values, ids = row.topk(5)
        steps.append({"top": [[i, round(v, 5)] for i, v in zip(ids.tolist(), values.tolist())]})
    logprobs = [None] + [round(rows[at - 1, token].item(), 5) for at, token in enumerate(prompt) if at > 0]
    return {"prompt_ids": prompt, "greedy_ids": greedy, "steps": steps, "prompt_logprobs": logprobs}


for name in sys.argv[1:]:
    folder = pathlib.Path(__file__).parent / name
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    reference = json.loads((folder / "reference.json").read_text())
    cases = [judged(model, case) for case in reference["cases"]]
    made_by = "transformers float32, rotary frequencies exact; fed the ids of reference.json"
    (folder / "exact.json").write_text(json.dumps({"model": name, "made_by": made_by, "cases": cases}))
