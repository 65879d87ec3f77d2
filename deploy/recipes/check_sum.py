"""Decides whether an answer has the right result: the last number in it. Reads a candidate, ends with 0 or 1."""

import json
import re
import sys

candidate = json.load(sys.stdin)
fields = candidate["reference"]
a, b = int(fields["a"]), int(fields["b"])
right = a + b if fields["operator"] == "+" else a - b
# A minus sign belongs to a number unless it stands between two.
numbers = re.findall(r"(?<!\d)(?<!\d )-?\d+", candidate["completion"])
if numbers and int(numbers[-1]) == right:
    sys.exit(0)
print(f"the result is {right}")
sys.exit(1)
