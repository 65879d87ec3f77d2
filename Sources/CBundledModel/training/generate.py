"""Writes the training text: every document is made here from a seed, nothing comes from outside.

    python generate.py --seed 7 --documents 20          # prints samples as JSON lines

train.py calls `document(rng)`; evaluate.py calls the same makers with test=True, which ask only
about number pairs, values, names and phrasings that held_out() keeps out of the training text.
"""

import argparse
import json
import random
import re

import facts
import stories
import toolcalls
from chat import assistant, call_text, plain, render, system, user
from tasks import (ADDITION, SUBTRACTION, arithmetic, arithmetic_lines, copy_lists, copy_objects, listing,
                   out_of_scope, problem, repeat, small_talk, solution, sort_lines, sort_words)
from words import person

# --- conversations --------------------------------------------------------------------------------

SINGLE_TURNS = {arithmetic: 8, facts.fact: 9, listing: 2, sort_words: 3, small_talk: 3,
                out_of_scope: 3, repeat: 1}
SYSTEM_LINES = ["You are a helpful assistant.", "You are Drover.", "Be brief.", "You are a friendly assistant.",
                "Answer the question.", "Be polite.", "You are a helpful, honest assistant.",
                "Answer shortly and correctly.", "You help people.", "Keep your answers short."]


def single_turn(rng, test=False):
    return rng.choices(list(SINGLE_TURNS), list(SINGLE_TURNS.values()))[0](rng, test)


def follow_up(rng, test=False):
    """"And of Italy?": the relation comes from the turn before."""
    relation = rng.choice(["capital", "opposite", "plural", "baby", "continent", "past"])
    question, answer, _ = facts.relation_fact(rng, test, relation)
    subject = rng.choice(facts.RELATIONS[relation][0])
    second = rng.choice(["And {0}?", "And of {0}?", "What about {0}?", "and {0}", "And for {0}?"])
    reply = facts.with_articles(facts.RELATIONS[relation][2].format(*subject))
    return [user(question), assistant(answer), user(second.format(*subject)), assistant(reply)]


def remembered_name(rng, test=False):
    name = toolcalls.draw(rng, person, test)
    hello = rng.choice(["My name is {0}.", "I am {0}.", "Hi, I'm {0}.", "Hello, my name is {0}.", "I'm {0}.",
                        "Call me {0}."])
    turns = [user(hello.format(name)), assistant(f"Nice to meet you, {name}!")]
    if rng.random() < 0.7:
        if rng.random() < 0.5:
            question, answer = single_turn(rng, test)
            turns += [user(question), assistant(answer)]
        asked = rng.choice(["What is my name?", "Who am I?", "Do you know my name?", "what's my name?",
                            "Can you tell me my name?"])
        turns += [user(asked), assistant(f"Your name is {name}.")]
    return turns


def instructed(rng, test=False):
    """System lines that change the answer: a name to go by, one-word answers, only the number."""
    kind = rng.randrange(4)
    if kind == 0:
        name = toolcalls.draw(rng, person, test)
        line = rng.choice(["Your name is {0}.", "You are {0}.", "You are called {0}.",
                           "You are {0}, an assistant."])
        question = rng.choice(["Who are you?", "What is your name?", "who are you", "What's your name?"])
        return [system(line.format(name)), user(question), assistant(f"I am {name}.")]
    if kind == 1:
        operation, a, b = problem(rng, test)
        line = rng.choice(["Answer only with the number.", "Give only the result.", "Only say the number."])
        phrases = ADDITION if operation == "+" else SUBTRACTION
        result = solution(operation, a, b).split(" = ")[1]
        return [system(line), user(facts.choose_phrase(rng, phrases, False).format(a=a, b=b)), assistant(result)]
    if kind == 2:
        line = rng.choice(["Answer in one word.", "Answer with one word only.", "Use one word."])
        relation = rng.choice(["capital", "opposite", "plural", "past", "colour", "baby", "next_day"])
        question, _, row = facts.relation_fact(rng, test, relation)
        if relation == "capital" and " " in row[1]:
            return instructed(rng, test)
        return [system(line), user(question), assistant(row[1] + ".")]
    name = toolcalls.draw(rng, person, test)
    line = rng.choice(["The user is called {0}.", "The name of the user is {0}.", "You talk to {0}."])
    if rng.random() < 0.5:
        hello, answer = rng.choice(["Hello", "Hi"]), f"Hello, {name}! How can I help you?"
    else:
        hello, answer = rng.choice(["What is my name?", "Who am I?"]), f"Your name is {name}."
    return [system(line.format(name)), user(hello), assistant(answer)]


def conversation(rng, test=False, turns=None):
    """One to four unrelated turns under one system line."""
    messages = []
    if rng.random() < 0.2:
        messages.append(system(rng.choice(SYSTEM_LINES)))
    for _ in range(turns or rng.choices([1, 2, 3, 4], [4, 3, 2, 1])[0]):
        question, answer = single_turn(rng, test)
        messages += [user(question), assistant(answer)]
    return messages


# --- tools ----------------------------------------------------------------------------------------


def tool_call_turns(rng, tool, test):
    request, values = toolcalls.request_for(rng, tool, test)
    call = {"type": "function", "function": {"name": tool[0], "arguments": values}}
    return [user(request), {"role": "assistant", "content": "", "tool_calls": [call]}]


def tool_conversation(rng, test=False):
    """A call to every tool in turn, some with result and report; or a question for no tool."""
    tools = toolcalls.toolbox(rng, test)
    definitions = toolcalls.definitions(rng, tools)
    messages = [system(rng.choice(SYSTEM_LINES))] if rng.random() < 0.25 else []
    if rng.random() < 0.2:
        question, answer = single_turn(rng, test)
        messages += [user(question), assistant(answer)]
        if rng.random() < 0.7:
            return messages, definitions
    # The definitions cost most of the tokens, so training asks for several calls under the same ones.
    calls = 1 if test else rng.randint(3, 6)
    for tool in tools[:1] + rng.choices(tools, k=calls - 1):
        messages += tool_call_turns(rng, tool, test)
        if rng.random() < 0.25:
            result, report = toolcalls.tool_result(rng, test)
            messages += [{"role": "tool", "content": result}, assistant(report)]
    return messages, definitions


def signature_calls(rng):
    """Calls after short signatures: choosing tool, arguments and values at a third of the tokens."""
    tools = toolcalls.toolbox(rng, False, [1, 2, 3, 3])
    head = "\n".join(f"{name}({', '.join(arguments)})" for name, _, arguments, _ in tools)
    parts = [(head, 0.0)]
    for tool in rng.sample(tools, len(tools)):
        request, values = toolcalls.request_for(rng, tool, False)
        parts += [(f"\n{request}\n", 0.0), (call_text(tool[0], values), 1.0)]
    return plain(parts)


# --- documents ------------------------------------------------------------------------------------


def story_document(rng):
    if rng.random() < 0.45:
        animal, thing = stories.subjects(rng, False)
        return plain([(stories.story(rng, animal, thing), 1.0)])
    request, text, _ = stories.story_request(rng)
    return render([user(request), assistant(text)])


def chats(make, most):
    """A conversation of up to `most` turns of one kind."""
    return lambda rng: render([m for _ in range(rng.randint(1, most)) for m in turn(*make(rng))])


# Maker, share of the documents early and late. Early, short documents with one skill and little else
# (sums, copying) form the circuits that the conversations then use.
MAKERS = {
    "arithmetic_lines": (arithmetic_lines, 16, 14),
    "arithmetic_chat": (chats(arithmetic, 4), 10, 12),
    "copy_lists": (copy_lists, 16, 1),
    "copy_objects": (copy_objects, 34, 12),
    "repeat": (chats(repeat, 3), 10, 2),
    "signature_calls": (signature_calls, 10, 24),
    "tool": (lambda rng: render(*tool_conversation(rng)), 9, 44),
    "facts": (chats(facts.fact, 4), 7, 14),
    "conversation": (lambda rng: render(conversation(rng)), 3, 10),
    "sort": (chats(sort_words, 3), 4, 5),
    "sort_lines": (sort_lines, 3, 4),
    "list": (chats(listing, 3), 1, 6),
    "story": (story_document, 2, 5),
    "follow_up": (lambda rng: render(follow_up(rng)), 1, 1),
    "name": (lambda rng: render(remembered_name(rng)), 1, 2),
    "instructed": (lambda rng: render(instructed(rng)), 1, 5),
}


def turn(question, answer):
    return [user(question), assistant(answer)]


def document(rng, progress=1.0):
    """One training document as weighted segments (see chat.py); `progress` is the part of the training done."""
    late = min(1.0, max(0.0, (progress - 0.25) / 0.25))
    shares = [early + (final - early) * late for _, early, final in MAKERS.values()]
    segments = rng.choices(list(MAKERS.values()), shares)[0][0](rng)
    return spoiled(rng, segments) if rng.random() < 0.25 * late else segments


# --- answers that went wrong -----------------------------------------------------------------------
# A model of this size sometimes repeats itself for ever, or goes on with the text of its prompt. Every answer must end,
# so documents show what is right then: the end. What went wrong is not learned.


def spoiled(rng, segments):
    """The document up to an answer that has gone wrong, and how it ends."""
    places = [i for i, (text, special, weight) in enumerate(segments[:-1])
              if weight == 1 and not special and len(text) > 3 and segments[i + 1][1]]
    if not places:
        return segments
    place = rng.choice(places)
    text, end = segments[place][0], segments[place + 1]
    values = [m for m in re.finditer(r': "([^"\\\\]*)"', text)]
    if values and rng.random() < 0.6:  # A call's grammar lets it end only where its text is whole.
        cut = rng.choice(values).end() - 1
        return segments[:place] + [(text[:cut] + junk(rng, segments, text), False, 0.0), (text[cut:], False, 1.0), end]
    cut = rng.randrange(len(text))
    return segments[:place] + [(text[:cut] + junk(rng, segments, text[cut:]), False, 0.0), end]


def junk(rng, segments, text):
    """Characters that do not belong into an answer: a loop in `text`, or a bit of another part of the document."""
    roll = rng.random()
    if roll < 0.65:
        return loop(rng, text)
    if roll < 0.75:
        return "}" * rng.randint(1, 12) + rng.choice(["", "", ", please.", " Thank you." * rng.randint(1, 8)])
    sources = [t for t, special, _ in segments if not special and '"' in t and len(t) > 40]
    if not sources:
        return loop(rng, text)
    source = rng.choice(sources)
    start = rng.randrange(len(source) - 20)
    return source[start:start + rng.randint(12, 60)]


def loop(rng, text):
    """Something in the text, again and again: words mostly."""
    words = list(re.finditer(r"\s*\S+", text))
    first = rng.randrange(len(words)) if words else 0
    part = words[first:first + rng.choice([1, 1, 1, 2, 3, rng.randint(1, 12)])]
    if part and rng.random() < 0.6:
        piece = text[part[0].start():part[-1].end()]
    else:
        start = rng.randrange(len(text))
        piece = text[start:start + rng.randint(1, rng.choice([4, 12]))]
    return piece * min(rng.randint(4, 40), 200 // max(1, len(piece)) + 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--documents", type=int, default=20)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for _ in range(options.documents):
        print(json.dumps("".join(text for text, _, _ in document(rng)), ensure_ascii=False))


if __name__ == "__main__":
    main()
