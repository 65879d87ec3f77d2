"""Short stories from a small grammar: who, where, what went wrong, who helped, how it ended."""

from facts import with_articles
from words import ANIMALS, NAMES, OBJECTS, article, held_out

ADJECTIVES = "small old brave shy clever lonely cheerful sleepy curious gentle proud hungry".split()
OBJECT_ADJECTIVES = "golden broken tiny shiny red old silver strange heavy lost blue dusty".split()
PLACES = """in a quiet forest|near a wide river|on a green hill|beside the sea|in a small village|
under an old bridge|at the edge of a field|in a snowy valley|behind a stone mill|on a little farm|
by a deep lake|in a garden full of flowers""".replace("\n", "").split("|")
WEATHER = """the sun was bright|it began to rain|the wind was cold|snow fell slowly|the moon was full|
a thick fog came|the sky was full of stars|leaves fell from the trees""".replace("\n", "").split("|")
FINDS = ["found {o} in the grass", "saw {o} under a tree", "dug up {o} from the sand",
         "bought {o} at the market", "was given {o} by a friend", "noticed {o} near the path"]
WISHES = ["wanted to know where it came from", "wanted to keep it safe", "did not know what to do with it",
          "wanted to show it to everyone", "thought it was the finest thing in the world",
          "hoped that it would bring luck"]
TROUBLES = ["But {t} fell into the water", "But {t} was gone the next morning",
            "But a {a2} took {t} away", "But a strong wind carried {t} off", "But {t} stopped working",
            "But nobody believed the story of {t}"]
HELPERS = ["a kind {a2} came by and offered to help", "a wise {a2} heard the crying and came closer",
           "{n2} the {a2} said not to worry", "an old friend, {n2} the {a2}, knew what to do"]
DEEDS = ["Together they looked everywhere until the evening", "They walked all night with a small light",
         "They built a raft and crossed the water", "They asked every neighbour, one after the other",
         "They climbed the highest tree and looked around", "They waited patiently until the morning"]
ENDINGS = ["At last {t} was back, and they shared a warm supper.",
           "In the end they found {t} and laughed for a long time.",
           "From that day on they were best friends.",
           "They put {t} in a place where everyone could see it.",
           "{h} learned that a friend is worth more than {o}.",
           "That night {h} slept well and dreamed of {t}."]
MOODS = ["{h} was very sad.", "{h} sat down and sighed.", "{h} did not give up.", "{h} began to cry."]
OPENINGS = ["Once upon a time", "Long ago", "One day", "One morning", "Many years ago"]

REQUESTS = [
    "Tell me a short story about {a} and {o}.", "Tell me a story about {a} and {o}.",
    "Write a short story about {a} and {o}.", "I would like a story about {a} and {o}.",
    "Please tell a story with {a} and {o}.", "Can you tell me a story about {a} and {o}?",
    "Make up a story about {a} who finds {o}.", "A story about {a} and {o}, please.",
    "Write a tale about {a} and {o}.", "Tell us a little story about {a} and {o}."]
ONE_WORD_REQUESTS = ["Tell me a story about {x}.", "Write a short story about {x}.",
                     "Tell me a short story about {x}.", "A story about {x}, please."]
OPEN_REQUESTS = ["Tell me a story.", "Tell me a short story.", "Write a story.", "Can you tell me a story?",
                 "I want to hear a story.", "A short story, please."]


def subjects(rng, test):
    while True:
        animal, thing = rng.choice(ANIMALS), rng.choice(OBJECTS)
        if held_out(f"story {animal} {thing}") == test:
            return animal, thing


def story(rng, animal, thing, opening=None):
    """Five to eight sentences that mention the animal and the thing."""
    helper = rng.choice([a for a in ANIMALS if a != animal])
    name = rng.choice(NAMES)
    described = f"{rng.choice(OBJECT_ADJECTIVES)} {thing}" if rng.random() < 0.6 else thing
    words = {"o": article(described), "t": f"the {thing}", "h": name, "a2": helper, "n2": rng.choice(NAMES)}
    opening = opening or rng.choice(OPENINGS)
    where = rng.choice(PLACES)
    first = f"{opening}, {article(rng.choice(ADJECTIVES))} {animal} named {name} lived {where}."
    if opening.startswith("One "):
        first = f"{opening}, {article(rng.choice(ADJECTIVES))} {animal} named {name} went for a walk {where}."
    sentences = [first, f"{rng.choice(['That day', 'It was early, and', 'Soon'])} {rng.choice(WEATHER)}.",
                 f"{name} {rng.choice(FINDS)} and {rng.choice(WISHES)}.", rng.choice(TROUBLES) + ".",
                 rng.choice(MOODS), sentence_case(rng.choice(HELPERS)) + ".", rng.choice(DEEDS) + ".",
                 rng.choice(ENDINGS)]
    if rng.random() < 0.5:
        del sentences[1]
    text = " ".join(sentences).format(**words)
    return with_articles(text)


def sentence_case(text):
    return text if text.startswith("{") else text[0].upper() + text[1:]


def story_request(rng, test=False):
    animal, thing = subjects(rng, test)
    roll = rng.random()
    if roll < 0.7 or test:
        request = rng.choice(REQUESTS).format(a=article(animal), o=article(thing))
    elif roll < 0.85:
        request = rng.choice(ONE_WORD_REQUESTS).format(x=article(rng.choice([animal, thing])))
    else:
        request = rng.choice(OPEN_REQUESTS)
    return request, story(rng, animal, thing), (animal, thing)
