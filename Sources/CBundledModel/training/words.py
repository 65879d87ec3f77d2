"""Word lists, made-up words, and the rule that holds values out of the training text."""

import string
import zlib

ANIMALS = """fox owl bear cat dog horse rabbit mouse wolf deer goat sheep cow pig duck goose hen frog
turtle snake lion tiger zebra monkey camel whale shark seal otter beaver badger squirrel hedgehog
crow eagle robin swan parrot penguin bee ant spider llama donkey bat crab""".split()
COLOURS = """red blue green yellow orange purple pink brown black white grey gold silver violet
crimson turquoise""".split()
FRUITS = """apple pear plum fig cherry grape lemon lime mango peach banana melon kiwi date apricot
orange papaya coconut raspberry blueberry""".split()
VEGETABLES = """carrot potato onion cabbage spinach pea bean pumpkin leek turnip radish celery
cucumber garlic lettuce broccoli""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """January February March April May June July August September October November
December""".split()
PLANETS = "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split()
TOOLS = "hammer saw drill wrench pliers chisel file axe shovel rake ladder screwdriver".split()
FURNITURE = "table chair sofa bed desk shelf lamp wardrobe bench stool mirror carpet".split()
CLOTHES = "shirt coat hat scarf glove sock shoe boot dress skirt belt jacket sweater".split()
INSTRUMENTS = "piano violin guitar flute drum trumpet harp cello clarinet organ".split()
OBJECTS = """lantern key kite drum boat book bell crown map feather stone ring mirror candle basket
clock whistle rope bottle coin letter box blanket compass shell spoon flute hat bridge cake scarf
acorn wagon umbrella""".split()
NAMES = """Ada Ben Clara David Emma Felix Grace Hugo Iris Jack Karl Lena Mia Noah Olga Paul Rosa Sam
Tina Victor Wanda Yara Zoe Anna Bruno Carla Dora Erik Fiona George Hana Ivan Julia Kevin Laura Marco
Nina Oscar Petra Simon Theo Ursula Walter Alice Bob Carol Dan Eva Frank Greta Quentin Xavier Yvonne Zelda Amir
Bella Chloe Diego Elena Farid Gina Hector Ingrid Jamal Kate Leo Maria Nadia Omar Priya Quinn Ravi Sofia Tom Uma
Vera Will Xenia Yuri Zack Adam Beth Cyril Daisy Edgar Flora Gus Helen Isaac Jane Kim Lily Max Nora Otto Pia""".split()
CITIES = """Paris London Berlin Madrid Rome Vienna Oslo Lisbon Dublin Athens Prague Warsaw Budapest
Tokyo Delhi Cairo Lagos Nairobi Sydney Toronto Boston Chicago Denver Seattle Miami Houston Dallas
Munich Hamburg Lyon Milan Naples Turin Porto Geneva Zurich Bergen Malmo Seville Valencia Kyoto Osaka
Mumbai Lima Quito Havana Bogota Montreal Vancouver Melbourne Auckland Singapore Bangkok Hanoi Seoul
Beijing Shanghai Istanbul Ankara Moscow Kiev Riga Tallinn Vilnius Quebec Zagreb Yokohama Xiamen Utrecht Venice
Oxford Leeds Bristol Turku Salzburg Graz Basel Nice Nantes Bilbao Cordoba Bari Palermo Split Sofia Varna Gdansk
Odessa Baku Dubai Doha Accra Dakar Tunis Perth Hobart Austin Phoenix Portland Memphis Detroit Omaha""".split()
CITIES += ["New York", "Los Angeles", "San Francisco", "Cape Town", "Buenos Aires", "Hong Kong"]
FOODS = "pizza soup salad bread pasta rice cheese curry sushi noodles pancakes stew tacos".split()
ACTIVITIES = """buy milk|call mom|water the plants|walk the dog|pay the rent|clean the kitchen|read a
book|send the report|feed the cat|book a table|wash the car|fix the bike|write a letter|meet the
team|bake a cake|visit the museum|pack the bag|order new shoes|check the mail|paint the fence"""
ACTIVITIES = [" ".join(item.split()) for item in ACTIVITIES.split("|")]
LANGUAGES = "French German Spanish Italian Dutch Greek Polish Swedish Turkish Japanese".split()

SORT_WORDS = sorted(set(ANIMALS + COLOURS + FRUITS + VEGETABLES + TOOLS + FURNITURE + CLOTHES
                        + INSTRUMENTS + OBJECTS + FOODS))
CATEGORIES = {
    "animals": ANIMALS, "colours": COLOURS, "fruits": FRUITS, "vegetables": VEGETABLES,
    "days of the week": DAYS, "months": MONTHS, "planets": PLANETS, "tools": TOOLS,
    "pieces of furniture": FURNITURE, "clothes": CLOTHES, "instruments": INSTRUMENTS,
}
NUMBER_WORDS = "zero one two three four five six seven eight nine ten".split()

ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl st tr th sh ch kr gl".split()
VOWELS = "a e i o u a e i o ai ee oo ia".split()
CODAS = " n r l s m t nd rk x ck th ld ss".split(" ")


def held_out(key):
    """One key in ten never occurs in the training text; evaluate.py asks only about those."""
    return zlib.crc32(key.encode()) % 10 == 0


def draw(rng, make, test):
    """Draws values until one lies on the wanted side of the held-out line."""
    while True:
        value = make(rng)
        if held_out(value) == test:
            return value


RUDE = ["fuck", "shit", "cock", "dick", "cunt", "tit", "cum", "nig", "fag", "slut", "piss", "rape", "whor", "bitch"]


def made_up(rng, low=1, high=3):
    """A pronounceable word that means nothing, so that copying is the only way to say it."""
    while True:
        if rng.random() < 0.12:  # Letters without any order, so that no beginning of a word is never copied.
            word = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 2 + 2 * high)))
        else:
            word = "".join(
                rng.choice(ONSETS) + rng.choice(VOWELS) + (rng.choice(CODAS) if rng.random() < 0.5 else "")
                for _ in range(rng.randint(low, high))
            )
        if not any(rude in word for rude in RUDE):
            return word


def made_up_name(rng):
    return made_up(rng, 2, 3).capitalize()


def place(rng):
    return rng.choice(CITIES) if rng.random() < 0.4 else made_up_name(rng)


def person(rng):
    return rng.choice(NAMES) if rng.random() < 0.4 else made_up_name(rng)


def article(noun):
    return ("an " if noun[0] in "aeiou" and not noun.startswith("uni") else "a ") + noun
