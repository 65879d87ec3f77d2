"""The chat template, and its twin in Python that the text generator uses.

A document is a list of segments `(text, is_special, weight)`: special segments become one control
token, the others are ordinary text, and `weight` says how much the segment counts in the loss.
"""

import json

BOS, EOT, EOS = "<|begin_of_text|>", "<|eot_id|>", "<|end_of_text|>"
START, END = "<|start_header_id|>", "<|end_header_id|>"
DEFAULT_SYSTEM = "You are Drover, a small demonstration model."
TOOL_INTRO = (
    'You may call one of these functions by answering only with JSON of the form '
    '{"name": function name, "parameters": {argument name: value}}.\n\n'
)

CHAT_TEMPLATE = (
    """{{- bos_token }}
{%- if tools is not defined or not tools %}
    {%- set tools = none %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "SYSTEM" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n\\n" }}
{%- endif %}
{{- system_message + "<|eot_id|>" }}
{#- As in Llama 3.1, the functions stand in the first user message. #}
{%- if tools is not none %}
    {%- if messages | length == 0 or messages[0]['role'] != 'user' %}
        {{- raise_exception("Tools need a first user message to stand in") }}
    {%- endif %}
    {{- "<|start_header_id|>user<|end_header_id|>\\n\\n" }}
    {{- 'INTRO' }}
    {%- for tool in tools %}
        {{- tool | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- messages[0]['content'] | trim + "<|eot_id|>" }}
    {%- set messages = messages[1:] %}
{%- endif %}
{%- for message in messages %}
    {%- if message.tool_calls is defined and message.tool_calls %}
        {%- if message.tool_calls | length != 1 %}
            {{- raise_exception("This model makes one tool call at a time") }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
        {{- '{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- elif message.role == 'tool' or message.role == 'ipython' %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content | trim }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>" + message.role + "<|end_header_id|>\\n\\n" }}
        {{- message.content | trim + "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
{%- endif %}
""".replace("SYSTEM", DEFAULT_SYSTEM)
    .replace("INTRO", TOOL_INTRO.replace("\n", "\\n"))
)


def call_text(name, arguments):
    return '{"name": "%s", "parameters": %s}' % (name, json.dumps(arguments, ensure_ascii=False))


def _turn(role, text, weight):
    """A header, the text, and the end of turn; the end counts only where the model must write it."""
    return [
        (START, True, 0.0),
        (role, False, 0.0),
        (END, True, 0.0),
        ("\n\n" + text, False, weight),
        (EOT, True, weight),
    ]


def _message_text(message):
    if message.get("tool_calls"):
        call = message["tool_calls"][0]["function"]
        return call_text(call["name"], call["arguments"])
    return message["content"].strip()


def render(messages, tools=None, add_generation_prompt=False):
    """The same text as CHAT_TEMPLATE (evaluate.py compares the two), as segments."""
    system = DEFAULT_SYSTEM
    if messages[0]["role"] == "system":
        system, messages = messages[0]["content"].strip(), messages[1:]
    environment = "Environment: ipython\n\n" if tools else ""
    segments = [(BOS, True, 0.0)] + _turn("system", environment + system, 0.0)
    for index, message in enumerate(messages):
        text = _message_text(message)
        if tools and index == 0:
            blocks = [json.dumps(tool, indent=4, ensure_ascii=False) + "\n\n" for tool in tools]
            text = TOOL_INTRO + "".join(blocks) + text
        role = "ipython" if message["role"] == "tool" else message["role"]
        segments += _turn(role, text, 1.0 if role == "assistant" else 0.0)
    if add_generation_prompt:
        segments += _turn("assistant", "", 0.0)[:-1]
    return segments


def plain(parts):
    """A document without chat structure: text parts `(text, weight)` between BOS and EOS."""
    return [(BOS, True, 0.0)] + [(t, False, w) for t, w in parts] + [(EOS, True, 1.0)]


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def system(text):
    return {"role": "system", "content": text}
