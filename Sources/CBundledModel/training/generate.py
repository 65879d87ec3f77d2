"""Writes the training text: every document is made here from a seed, nothing comes from outside.

    python generate.py --seed 7 --documents 2000        # prints samples as JSON lines

train.py calls `document(rng)`; evaluate.py calls the same makers with test=True, which ask only
about number pairs, values, names and phrasings that held_out() keeps out of the training text.
"""

import argparse
import json
import random

import facts
import stories
import toolcalls
from chat import assistant, call_text, plain, render, system, user
from words import (ACTIVITIES, ANIMALS, CATEGORIES, FOODS, NAMES, NUMBER_WORDS, SORT_WORDS, held_out, made_up,
                   made_up_name, person)

# --- arithmetic -----------------------------------------------------------------------------------

ADDITION = [
    "What is {a} + {b}?", "{a}+{b}", "{a} + {b}", "{a} + {b} = ?", "Calculate {a} plus {b}.", "add {a} and {b}",
    "What is {a} plus {b}?", "Add {a} to {b}.", "{a} plus {b}", "What's {a} + {b}?", "Compute {a} + {b}.",
    "How much is {a} + {b}?", "How much is {a} plus {b}?", "Please add {a} and {b}.", "{a} + {b} =",
    "Can you add {a} and {b}?", "what is {a}+{b}", "The sum of {a} and {b}?", "What is the sum of {a} and {b}?",
    "I have {a} apples and get {b} more. How many do I have?", "Solve {a} + {b}.", "Calculate {a} + {b}",
    "What does {a} + {b} equal?", "Tell me {a} plus {b}.", "{a}+{b}=", "Work out {a} + {b}.", "What do {a} and {b} make?",
    "Could you compute {a} plus {b}?", "Find {a} plus {b}.", "What is the result of {a} + {b}?"]
SUBTRACTION = [
    "What is {a} - {b}?", "{a}-{b}", "{a} - {b}", "{a} - {b} = ?", "Calculate {a} minus {b}.", "{a} minus {b}",
    "What is {a} minus {b}?", "Subtract {b} from {a}.", "What's {a} - {b}?", "Compute {a} - {b}.", "{a} - {b} =",
    "How much is {a} - {b}?", "How much is {a} minus {b}?", "Please subtract {b} from {a}.", "Take {b} from {a}.",
    "Can you subtract {b} from {a}?", "what is {a}-{b}", "The difference of {a} and {b}?", "Solve {a} - {b}.",
    "I have {a} apples and give away {b}. How many are left?", "Calculate {a} - {b}", "Work out {a} - {b}.",
    "What does {a} - {b} equal?", "Tell me {a} minus {b}.", "{a}-{b}=", "What is {b} less than {a}?",
    "Could you compute {a} minus {b}?", "Find {a} minus {b}.", "What is the result of {a} - {b}?"]


def pair_held_out(operation, a, b):
    """Swapped pairs go together, so that no mirrored problem gives an answer away."""
    return held_out(f"{operation} {min(a, b)} {max(a, b)}")


def problem(rng, test=False):
    while True:
        operation = rng.choice("+-")
        a, b = rng.randint(0, 99), rng.randint(0, 99)
        if not test and rng.random() < 0.1:
            a, b = rng.randint(0, 12), rng.randint(0, 12)
        if pair_held_out(operation, a, b) == test:
            return operation, a, b


def solution(operation, a, b):
    return f"{a} {operation} {b} = {a + b if operation == '+' else a - b}"


def arithmetic(rng, test=False):
    operation, a, b = problem(rng, test)
    phrases = ADDITION if operation == "+" else SUBTRACTION
    text = facts.choose_phrase(rng, phrases, test and rng.random() < 0.3).format(a=a, b=b)
    if rng.random() < 0.1 and text[0].isalpha():
        text = rng.choice(facts.PREFIXES) + text
    return text, solution(operation, a, b)


def arithmetic_lines(rng):
    """Many problems in few tokens; only the results count, the operands are chance."""
    parts = []
    for index in range(rng.randint(5, 16)):
        left, right = solution(*problem(rng)).split(" =")
        parts += [(("\n" if index else "") + left + " =", 0.0), (right, 1.0)]
    return plain(parts)


# --- lists and sorting ----------------------------------------------------------------------------

LIST_REQUESTS = ["List {n} {c}.", "Name {n} {c}.", "Give me {n} {c}.", "Tell me {n} {c}.", "List {n} {c}, please.",
                 "I need {n} {c}.", "Write down {n} {c}.", "Can you name {n} {c}?", "Which {n} {c} do you know?",
                 "Show me {n} {c}."]
SORT_REQUESTS = [
    "Sort these words alphabetically: {w}", "Sort alphabetically: {w}", "Sort these words: {w}",
    "Put these words in alphabetical order: {w}", "Sort the words {w}.", "Order these words from A to Z: {w}",
    "Sort: {w}", "Please sort {w}.", "Can you sort these words? {w}", "Alphabetical order of {w}?",
    "Bring these words into alphabetical order: {w}", "Arrange alphabetically: {w}"]
NUMBER_SORT_REQUESTS = ["Sort these numbers: {w}", "Sort the numbers {w}.", "Put these numbers in order: {w}",
                        "Order these numbers from small to large: {w}", "Arrange these numbers: {w}"]


def listing(rng, test=False):
    category = rng.choice(list(CATEGORIES))
    words = CATEGORIES[category]
    count = rng.randint(2, 6)
    if category in ("days of the week", "months", "planets"):
        chosen = words[:count]  # These have an order of their own.
    else:
        chosen = rng.sample(words, count)
    number = NUMBER_WORDS[count] if rng.random() < 0.6 else str(count)
    request = facts.choose_phrase(rng, LIST_REQUESTS, test).format(n=number, c=category)
    return facts.dressed(rng, request), ", ".join(chosen)


def sort_words(rng, test=False):
    while True:
        words = rng.sample(SORT_WORDS, rng.randint(3, 6))
        if held_out("sort " + " ".join(sorted(words))) == test:
            break
    text = ", ".join(words) if rng.random() < 0.75 else " ".join(words)
    if rng.random() < 0.1:
        text = ", ".join(words[:-1]) + " and " + words[-1]
    return facts.choose_phrase(rng, SORT_REQUESTS, test).format(w=text), ", ".join(sorted(words))


def sort_numbers(rng, test=False):
    while True:
        numbers = rng.sample(range(100), rng.randint(3, 5))
        if held_out(f"sort {sorted(numbers)}") == test:
            break
    text = ", ".join(map(str, numbers))
    request = facts.choose_phrase(rng, NUMBER_SORT_REQUESTS, test, keep=1).format(w=text)
    return request, ", ".join(map(str, sorted(numbers)))


def sort_lines(rng):
    parts = []
    for index in range(rng.randint(4, 8)):
        words = rng.sample(SORT_WORDS, rng.randint(3, 6))
        if not held_out("sort " + " ".join(sorted(words))):
            parts += [(("\n" if index else "") + ", ".join(words) + " ->", 0.0), (" " + ", ".join(sorted(words)), 1.0)]
    return plain(parts or [("sort", 0.0)])


# --- copying --------------------------------------------------------------------------------------

REPEAT_REQUESTS = ["Repeat: {t}", "Say {t}.", "Repeat after me: {t}", "Write {t}.", "Please repeat: {t}",
                   "Copy this: {t}", "Echo: {t}"]


def copied_item(rng):
    pick = [made_up, made_up_name, lambda r: r.choice(SORT_WORDS), person, toolcalls.code,
            lambda r: str(r.randint(0, 9999)), lambda r: r.choice(ACTIVITIES), toolcalls.email]
    return rng.choice(pick)(rng)


def repeat(rng, test=False):
    phrase = lambda r: " ".join(copied_item(r) for _ in range(r.randint(1, 5)))
    text = toolcalls.draw(rng, phrase, test)
    return rng.choice(REPEAT_REQUESTS).format(t=text), text


def copied_value(rng):
    kind = rng.choice(list(toolcalls.KINDS) + list(toolcalls.CHOICES))
    return toolcalls.value_of(rng, kind, False)


def copy_lists(rng):
    """Words, then the same words as JSON: copying with few tokens around it, learned early."""
    items = [copied_value(rng) for _ in range(rng.randint(3, 9))]
    joiner = rng.choice([", ", "\n", "; ", " and "])
    copy = json.dumps(items) if rng.random() < 0.7 else joiner.join(map(str, items))
    return plain([(joiner.join(map(str, items)) + "\n", 0.0), (copy, 1.0)])


def copy_objects(rng):
    """Spoken arguments, then the JSON object that a tool call would hold."""
    names = [toolcalls.argument_name(rng) for _ in range(rng.randint(2, 6))]
    values = {name: copied_value(rng) for name in names}
    said = [f"{toolcalls.spoken(n)} {v}" for n, v in values.items()]
    order = list(values.items()) if rng.random() < 0.5 else rng.sample(list(values.items()), len(values))
    asked = "" if order == list(values.items()) else ", ".join(n for n, _ in order) + "\n"
    return plain([(asked + toolcalls.joined(said) + "\n", 0.0), (json.dumps(dict(order)), 1.0)])


# --- small talk -----------------------------------------------------------------------------------

WHO = "I am Drover, a small language model. I run inside the Drover server."
SMALL_TALK = [
    ("Hello! How can I help you?", ["Hello", "Hi", "Hello!", "Hi!", "Hey", "Hi there", "Good morning", "Good evening",
                                    "hello", "hi", "Hey there!", "Greetings", "Hello there!"]),
    (WHO, ["Who are you?", "What are you?", "What is your name?", "who are you", "Tell me about yourself.",
           "Introduce yourself.", "Are you a robot?", "What's your name?", "Who am I talking to?",
           "Who is this?", "Which model are you?",
           "Tell me who you are."]),
    ("You are welcome!", ["Thanks", "Thank you", "Thank you!", "Thanks!", "thanks a lot", "Thank you very much.",
                          "Many thanks!", "thx", "Great, thank you!", "Thanks for your help.",
                          "Thank you so much."]),
    ("I am fine, thank you. How can I help you?", ["How are you?", "How are you doing?", "How is it going?",
                                                    "how are you", "Are you well?", "How do you feel?", "How are you today?"]),
    ("Goodbye!", ["Bye", "Goodbye", "See you", "Bye!", "Good night", "See you later.", "bye bye", "Farewell",
                  "Bye for now"]),
    ("I can add and subtract numbers up to 99, answer simple questions, tell short stories, list and sort words, "
     "and call tools.", ["What can you do?", "Help", "How can you help me?", "What do you know?", "help",
                         "What are your abilities?", "Can you help me?", "What can I ask you?", "What are you good at?",
                         "Tell me what you can do."]),
    ("I was trained on text made by a program, as part of the Drover server.",
     ["Who made you?", "Who trained you?", "Where do you come from?", "How were you made?", "Who created you?",
      "Tell me who made you."]),
]
REFUSAL = "I am sorry, I only know a few simple things, and that is not one of them."
TOPICS = """quantum physics|the stock market|black holes|the French Revolution|machine learning|the meaning of life|
my homework|politics|the weather tomorrow|football|chess|Shakespeare|DNA|the economy|philosophy|gravity|history|
computer science|climate change|religion|poetry|chemistry|the moon landing|music theory|democracy|electricity|
the Roman Empire|vaccines|the internet|cooking a turkey|love|time travel|jazz|robots|taxes|Python|Java|
World War II|Napoleon|Einstein|Mozart|Picasso|volcanoes|dinosaurs|money|cars|my future"""
TOPICS = [" ".join(topic.split()) for topic in TOPICS.split("|")]
OUT_OF_SCOPE = [
    "Explain {t}.", "What do you think about {t}?", "Tell me about {t}.", "Write an essay about {t}.",
    "Why is {t} important?", "Help me with {t}.", "How does {t} work?", "Write a poem about {t}.",
    "Give me advice about {t}.", "Can you explain {t}?", "Write a program about {t}.", "What is {t}?",
    "Who discovered {t}?", "Summarize {t}.", "Tell me a joke about {t}.", "What should I know about {t}?",
    "Describe {t} in detail."]
UNKNOWN = ["What is the capital of {x}?", "Who is {x}?", "Where is {x}?", "What is {x}?", "Tell me about {x}.",
           "When was {x} born?", "What does {x} mean?", "What is the opposite of {x}?", "How old is {x}?"]
OTHER_REQUESTS = [
    "Write a Python function.", "Translate this to French.", "What time is it?", "What is the date today?",
    "Who won the game?", "Recommend a film.", "What should I eat?", "Tell me a joke.", "Sing a song.", "Do you love me?",
    "What is the weather today?", "Book a flight.", "Can you draw a picture?", "Write some code.", "What is the news?",
    "How do I cook rice?", "Who is the president?", "Fix my code.", "Play some music.", "Solve this equation."]


def small_talk(rng, test=False):
    answer, texts = rng.choice(SMALL_TALK)
    return facts.choose_phrase(rng, texts, test, keep=1), answer


def out_of_scope(rng, test=False):
    roll = rng.random()
    if roll < 0.3:
        return rng.choice(UNKNOWN).format(x=toolcalls.draw(rng, made_up_name, test)), REFUSAL
    if roll < 0.45:
        return facts.dressed(rng, facts.choose_phrase(rng, OTHER_REQUESTS, test)), REFUSAL
    if roll < 0.6:
        a, b = rng.randint(0, 9999), rng.randint(100, 9999)
        question = rng.choice([f"What is {a} * {b}?", f"{a} times {b}", f"{a} / {b}", f"What is {b} + {a}?",
                               f"{a} + {b}", f"{b} - {a}", f"What is {a % 100} times {b % 100}?",
                               f"{a % 100} * {b % 100}", f"Divide {b} by {a % 100}."])
        return question, "I can only add and subtract numbers from 0 to 99."
    topic = toolcalls.draw(rng, lambda r: r.choice(TOPICS), test)
    return facts.dressed(rng, rng.choice(OUT_OF_SCOPE).format(t=topic)), REFUSAL


# --- conversations --------------------------------------------------------------------------------

SINGLE_TURNS = {arithmetic: 8, facts.fact: 9, listing: 2, sort_words: 3, sort_numbers: 1, small_talk: 3,
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
        line = rng.choice(["Your name is {0}.", "You are {0}.", "You are called {0}.", "You are {0}, an assistant."])
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
    hello, answer = rng.choice([("Hello", f"Hello, {name}! How can I help you?"), ("Hi", f"Hello, {name}! How can I help you?"),
                                ("What is my name?", f"Your name is {name}."), ("Who am I?", f"Your name is {name}.")])
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
    """A call, often its result and the report, sometimes a second call; or a question for no tool."""
    tools = toolcalls.toolbox(rng, test)
    definitions = toolcalls.definitions(rng, tools)
    messages = [system(rng.choice(SYSTEM_LINES))] if rng.random() < 0.25 else []
    if rng.random() < 0.15:
        question, answer = single_turn(rng, test)
        messages += [user(question), assistant(answer)]
        if rng.random() < 0.7:
            return messages, definitions
    for turn in range(rng.choices([1, 2], [8, 2])[0]):
        messages += tool_call_turns(rng, rng.choice(tools) if turn else tools[0], test)
        if rng.random() < 0.4 or turn:
            result, report = toolcalls.tool_result(rng, test)
            messages += [{"role": "tool", "content": result}, assistant(report)]
        else:
            break
    return messages, definitions


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
    "arithmetic_lines": (arithmetic_lines, 16, 12),
    "arithmetic_chat": (chats(arithmetic, 4), 10, 16),
    "copy_lists": (copy_lists, 16, 1),
    "copy_objects": (copy_objects, 34, 4),
    "repeat": (chats(repeat, 3), 10, 2),
    "tool": (lambda rng: render(*tool_conversation(rng)), 9, 17),
    "facts": (chats(facts.fact, 4), 7, 14),
    "conversation": (lambda rng: render(conversation(rng)), 3, 14),
    "sort": (chats(sort_words, 3), 4, 10),
    "sort_lines": (sort_lines, 3, 4),
    "list": (chats(listing, 3), 1, 4),
    "story": (story_document, 2, 5),
    "follow_up": (lambda rng: render(follow_up(rng)), 1, 2),
    "name": (lambda rng: render(remembered_name(rng)), 1, 2),
    "instructed": (lambda rng: render(instructed(rng)), 1, 4),
}


def turn(question, answer):
    return [user(question), assistant(answer)]


def document(rng, progress=1.0):
    """One training document as weighted segments (see chat.py); `progress` is the part of the training done."""
    late = min(1.0, max(0.0, (progress - 0.4) / 0.25))
    shares = [early + (final - early) * late for _, early, final in MAKERS.values()]
    return rng.choices(list(MAKERS.values()), shares)[0][0](rng)


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
