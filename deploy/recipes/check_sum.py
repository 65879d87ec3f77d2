"""Decides whether an answer is the sum or difference that was asked for, and nothing else: `47 + 35 = 82` or `82`.

Reads a candidate from standard input and ends with 0 for a right answer, with 1 for another.
"""

import json
import re
import sys

candidate = json.load(sys.stdin)
fields = candidate["reference"]
a, b, operator = int(fields["a"]), int(fields["b"]), fields["operator"]
result = a + b if operator == "+" else a - b
problem = re.escape(f"{a} {operator} {b} = ")
if re.fullmatch(rf"(?:{problem})?{result}\.?", candidate["completion"].strip()):
    sys.exit(0)
print(f"the result is {result}")
sys.exit(1)
