"""Questions of one turn and their answers: sums, lists, sorting, copying, small talk.

Every maker takes `(rng, test)` and returns `(question, answer)`; with test=True it asks only what
training never shows. The `..._lines` and `copy_...` makers return whole documents without chat.
"""

import json

import facts
import toolcalls
from chat import plain
from words import (ACTIVITIES, CATEGORIES, NUMBER_WORDS, SORT_WORDS, held_out, made_up, made_up_name,
                   person)

# --- arithmetic -----------------------------------------------------------------------------------

ADDITION = [
    "What is {a} + {b}?", "{a}+{b}", "{a} + {b}", "{a} + {b} = ?", "Calculate {a} plus {b}.", "add {a} and {b}",
    "What is {a} plus {b}?", "Add {a} to {b}.", "{a} plus {b}", "What's {a} + {b}?", "Compute {a} + {b}.",
    "How much is {a} + {b}?", "How much is {a} plus {b}?", "Please add {a} and {b}.", "{a} + {b} =",
    "Can you add {a} and {b}?", "what is {a}+{b}", "The sum of {a} and {b}?", "What is the sum of {a} and {b}?",
    "I have {a} apples and get {b} more. How many do I have?", "Solve {a} + {b}.", "Calculate {a} + {b}",
    "What does {a} + {b} equal?", "Tell me {a} plus {b}.", "{a}+{b}=", "Work out {a} + {b}.",
    "What do {a} and {b} make?",
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

LIST_REQUESTS = ["List {n} {c}.", "Name {n} {c}.", "Give me {n} {c}.", "Tell me {n} {c}.", "I need {n} {c}.",
                 "List {n} {c}, please.", "Write down {n} {c}.", "Can you name {n} {c}?", "Do you know {n} {c}?",
                 "What {n} {c} can you name?",
                 "Which {c} do you know? Give me {n}.", "I would like {n} {c}.", "Which {n} {c} do you know?",
                 "Show me {n} {c}."]
SORT_REQUESTS = [
    "Sort these words alphabetically: {w}", "Sort alphabetically: {w}", "Sort these words: {w}",
    "Put these words in alphabetical order: {w}", "Sort the words {w}.", "Order these words from A to Z: {w}",
    "Sort: {w}", "Please sort {w}.", "Can you sort these words? {w}", "Alphabetical order of {w}?",
    "Bring these words into alphabetical order: {w}", "Arrange alphabetically: {w}"]
NUMBER_SORT_REQUESTS = ["Sort these numbers: {w}", "Sort the numbers {w}.", "Put these numbers in order: {w}",
                        "Order these numbers from small to large: {w}", "Arrange these numbers: {w}"]  # Declined.


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
        words = rng.sample(SORT_WORDS, rng.randint(3, 5))
        if held_out("sort " + " ".join(sorted(words))) == test:
            break
    text = ", ".join(words) if rng.random() < 0.75 else " ".join(words)
    if rng.random() < 0.1:
        text = ", ".join(words[:-1]) + " and " + words[-1]
    return facts.choose_phrase(rng, SORT_REQUESTS, test).format(w=text), ", ".join(sorted(words))


def sort_lines(rng):
    parts = []
    for index in range(rng.randint(4, 8)):
        words = rng.sample(SORT_WORDS, rng.randint(3, 5))
        if not held_out("sort " + " ".join(sorted(words))):
            parts += [(("\n" if index else "") + ", ".join(words) + " ->", 0.0),
                      (" " + ", ".join(sorted(words)), 1.0)]
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
    ("Hello! How can I help you?",
     ["Hello", "Hi", "Hello!", "Hi!", "Hey", "Hi there", "Good morning", "Good evening", "hello", "hi",
      "Hey there!", "Greetings", "Hello there!"]),
    (WHO, ["Who are you?", "What are you?", "What is your name?", "who are you", "Tell me about yourself.",
           "Introduce yourself.", "Are you a robot?", "What's your name?", "Who am I talking to?",
           "Who is this?", "Which model are you?",
           "Tell me who you are."]),
    ("You are welcome!",
     ["Thanks", "Thank you", "Thank you!", "Thanks!", "thanks a lot", "Thank you very much.",
      "Many thanks!", "thx", "Great, thank you!", "Thanks for your help.", "Thank you so much."]),
    ("I am fine, thank you. How can I help you?",
     ["How are you?", "How are you doing?", "How is it going?", "how are you", "Are you well?",
      "How do you feel?", "How are you today?"]),
    ("Goodbye!", ["Bye", "Goodbye", "See you", "Bye!", "Good night", "See you later.", "bye bye", "Farewell",
                  "Bye for now"]),
    ("I can add and subtract numbers up to 99, answer simple questions, tell short stories, list and sort words, "
     "and call tools.",
     ["What can you do?", "Help", "How can you help me?", "What do you know?", "help",
      "What are your abilities?", "Can you help me?", "What can I ask you?", "What are you good at?",
      "Tell me what you can do."]),
    ("I was trained on text made by a program, as part of the Drover server.",
     ["Who made you?", "Who trained you?", "Where do you come from?", "How were you made?", "Who created you?",
      "Tell me who made you."]),
]
REFUSAL = "I am sorry, I only know a few simple things, and that is not one of them."
TOPICS = """quantum physics|the stock market|black holes|the French Revolution|machine learning|
the meaning of life|my homework|politics|the weather tomorrow|football|chess|Shakespeare|DNA|
the economy|philosophy|gravity|history|computer science|climate change|religion|poetry|chemistry|
the moon landing|music theory|democracy|electricity|the Roman Empire|vaccines|the internet|
cooking a turkey|love|time travel|jazz|robots|taxes|Python|Java|World War II|Napoleon|Einstein|
Mozart|Picasso|volcanoes|dinosaurs|money|cars|my future"""
TOPICS = [" ".join(topic.split()) for topic in TOPICS.split("|")]
OUT_OF_SCOPE = [
    "Explain {t}.", "What do you think about {t}?", "Tell me about {t}.", "Write an essay about {t}.",
    "Why is {t} important?", "Help me with {t}.", "How does {t} work?", "Write a poem about {t}.",
    "Give me advice about {t}.", "Can you explain {t}?", "Write a program about {t}.", "What is {t}?",
    "Who discovered {t}?", "Summarize {t}.", "Tell me a joke about {t}.", "What should I know about {t}?",
    "Describe {t} in detail."]
UNKNOWN = ["What is the capital of {x}?", "Who is {x}?", "Where is {x}?", "What is {x}?", "Tell me about {x}.",
           "What does {x} mean?", "What is the opposite of {x}?"]
OTHER_REQUESTS = [
    "Write a Python function.", "Translate this to French.", "What time is it?", "What is the date today?",
    "Who won the game?", "Recommend a film.", "What should I eat?", "Tell me a joke.", "Sing a song.",
    "Do you love me?",
    "What is the weather today?", "Book a flight.", "Can you draw a picture?", "Write some code.",
    "What is the news?",
    "How do I cook rice?", "Who is the president?", "Fix my code.", "Play some music.", "Solve this equation."]


def small_talk(rng, test=False):
    answer, texts = rng.choice(SMALL_TALK)
    return facts.choose_phrase(rng, texts, test, keep=1), answer


STARTS = ["What", "Which", "Who", "How", "How many", "How much", "Why", "When", "Where", "Can you", "Do", "Is", "Must",
          "I", "Please", "Tell me", "Should", "The", "Give", "Would"]


def odd_question(rng):
    """Words that make no sense together: whatever is asked that was never seen must have an answer that ends."""
    words = [rng.choice(SORT_WORDS + TASK_WORDS) for _ in range(rng.randint(2, 8))]
    return f"{rng.choice(STARTS)} {' '.join(words)}{rng.choice(['?', '?', '.', '', '!'])}"


TASK_WORDS = """must it be for to a the of in do know is are can have has there than with without before after only more
less if not you I my your this that every some water man house thing word number list color colour""".split()


def out_of_scope(rng, test=False):
    roll = rng.random()
    if not test and rng.random() < 0.25:
        return odd_question(rng), REFUSAL
    if roll < 0.3:
        return rng.choice(UNKNOWN).format(x=toolcalls.draw(rng, made_up_name, test)), REFUSAL
    if roll < 0.45:
        return facts.dressed(rng, facts.choose_phrase(rng, OTHER_REQUESTS, test)), REFUSAL
    if roll < 0.5:
        numbers = ", ".join(str(rng.randint(0, 99)) for _ in range(rng.randint(2, 6)))
        return facts.choose_phrase(rng, NUMBER_SORT_REQUESTS, test, keep=1).format(w=numbers), REFUSAL
    if roll < 0.6:
        a, b = rng.randint(0, 9999), rng.randint(100, 9999)
        question = rng.choice([f"What is {a} * {b}?", f"{a} times {b}", f"{a} / {b}", f"What is {b} + {a}?",
                               f"{a} + {b}", f"{b} - {a}", f"What is {a % 100} times {b % 100}?",
                               f"{a % 100} * {b % 100}", f"Divide {b} by {a % 100}."])
        return question, "I can only add and subtract numbers from 0 to 99."
    topic = toolcalls.draw(rng, lambda r: r.choice(TOPICS), test)
    return facts.dressed(rng, rng.choice(OUT_OF_SCOPE).format(t=topic)), REFUSAL
