"""The facts the model knows: each relation has its table, its phrasings and its answer.

The last two phrasings of every relation are held out: evaluation asks with them, training never.
"""

import re

from words import DAYS, MONTHS, PLANETS

HELD_OUT_PHRASINGS = 2


def table(text):
    return [tuple(part.strip() for part in row.split(":")) for row in text.split(";") if row.strip()]


CAPITALS = table("""France:Paris; Germany:Berlin; Italy:Rome; Spain:Madrid; Portugal:Lisbon; England:London;
Ireland:Dublin; Scotland:Edinburgh; Norway:Oslo; Sweden:Stockholm; Finland:Helsinki; Denmark:Copenhagen;
Iceland:Reykjavik; Poland:Warsaw; Austria:Vienna; Hungary:Budapest; Greece:Athens; Turkey:Ankara;
Russia:Moscow; Ukraine:Kyiv; Belgium:Brussels; Romania:Bucharest; Bulgaria:Sofia; Serbia:Belgrade;
Croatia:Zagreb; Egypt:Cairo; Kenya:Nairobi; Morocco:Rabat; Ghana:Accra; Ethiopia:Addis Ababa; China:Beijing;
Japan:Tokyo; India:New Delhi; Thailand:Bangkok; Vietnam:Hanoi; Nepal:Kathmandu; Indonesia:Jakarta;
Canada:Ottawa; Mexico:Mexico City; Cuba:Havana; Brazil:Brasilia; Argentina:Buenos Aires; Chile:Santiago;
Peru:Lima; Colombia:Bogota; Australia:Canberra; Iraq:Baghdad; Iran:Tehran; Latvia:Riga; Estonia:Tallinn""")
CONTINENTS = [(c, continent) for continent, names in [
    ("Europe", "France Germany Italy Spain Portugal Norway Sweden Poland Austria Greece Hungary"),
    ("Africa", "Egypt Kenya Morocco Ghana Ethiopia Nigeria Senegal"),
    ("Asia", "China Japan India Thailand Vietnam Nepal Indonesia Iran"),
    ("North America", "Canada Mexico Cuba"),
    ("South America", "Brazil Argentina Chile Peru Colombia"),
] for c in names.split()]
OPPOSITES = table("""hot:cold; big:small; up:down; left:right; day:night; black:white; old:young; fast:slow;
happy:sad; open:closed; full:empty; high:low; long:short; light:dark; wet:dry; early:late; rich:poor;
strong:weak; thick:thin; hard:soft; loud:quiet; clean:dirty; near:far; inside:outside; front:back;
first:last; good:bad; true:false; win:lose; push:pull; buy:sell; love:hate; begin:end; above:below;
always:never; sweet:sour; deep:shallow; wide:narrow; heavy:easy to lift""")
OPPOSITES = [p for p in OPPOSITES if " " not in p[1]]
OPPOSITES += [(b, a) for a, b in OPPOSITES]
COLOURS_OF = table("""the sky:blue; grass:green; a banana:yellow; a lemon:yellow; snow:white; coal:black;
blood:red; a tomato:red; milk:white; the sun:yellow; a carrot:orange; a pumpkin:orange; chocolate:brown;
a crow:black; a swan:white; a flamingo:pink; a frog:green; a strawberry:red; an elephant:grey; a leaf:green;
a ruby:red; an emerald:green; the sea:blue; a plum:purple; a polar bear:white; a ladybird:red""")
SOUNDS = table("""cow:moo; dog:woof; cat:meow; duck:quack; sheep:baa; pig:oink; horse:neigh; lion:roar;
owl:hoot; frog:croak; bee:buzz; snake:hiss; mouse:squeak; hen:cluck; crow:caw; donkey:hee-haw""")
BABIES = table("""dog:puppy; cat:kitten; cow:calf; sheep:lamb; horse:foal; pig:piglet; goat:kid; duck:duckling;
goose:gosling; hen:chick; lion:cub; bear:cub; deer:fawn; kangaroo:joey; frog:tadpole; swan:cygnet;
owl:owlet; llama:cria; whale:calf""")
LEGS = table("""dog:four; cat:four; spider:eight; ant:six; bee:six; hen:two; snake:no; horse:four; duck:two;
crab:ten; octopus:no; frog:four; person:two""")
HOMES = table("""bee:hive; bird:nest; bear:den; dog:kennel; spider:web; fox:den; rabbit:burrow; horse:stable;
cow:barn; fish:sea; king:castle; ant:anthill; beaver:lodge""")
PLURALS = table("""mouse:mice; child:children; foot:feet; tooth:teeth; goose:geese; man:men; woman:women;
leaf:leaves; wolf:wolves; knife:knives; sheep:sheep; ox:oxen; city:cities; box:boxes; person:people;
berry:berries; cat:cats; bus:buses; loaf:loaves; story:stories""")
PASTS = table("""go:went; see:saw; eat:ate; run:ran; write:wrote; sing:sang; take:took; give:gave; come:came;
buy:bought; think:thought; find:found; fly:flew; swim:swam; speak:spoke; make:made; know:knew; begin:began;
drink:drank; walk:walked""")
SIDES = table("""triangle:three; square:four; rectangle:four; pentagon:five; hexagon:six; octagon:eight;
heptagon:seven""")
COUNTS = table("""days:a week:seven; months:a year:twelve; hours:a day:24; minutes:an hour:60;
seconds:a minute:60; seasons:a year:four; weeks:a year:52; days:a year:365; letters:the alphabet:26;
planets:the solar system:eight; years:a century:100; years:a decade:ten; wheels:a car:four;
wheels:a bicycle:two; strings:a violin:four; centimetres:a metre:100; grams:a kilogram:1000;
eggs:a dozen:twelve; players:a football team:eleven""")
NEXT_DAY = [(d, DAYS[(i + 1) % 7]) for i, d in enumerate(DAYS)]
DAY_BEFORE = [(b, a) for a, b in NEXT_DAY]
NEXT_MONTH = [(m, MONTHS[(i + 1) % 12]) for i, m in enumerate(MONTHS)]
MONTH_BEFORE = [(b, a) for a, b in NEXT_MONTH]
ORDINALS = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh
twelfth""".split()
NTH_MONTH = list(zip(ORDINALS, MONTHS))
NTH_PLANET = list(zip(ORDINALS, PLANETS))

# (table, phrasings with {0} for the subject, answer with {0} and {1}, subject name for follow-ups)
RELATIONS = {
    "capital": (CAPITALS, [
        "What is the capital of {0}?", "Capital of {0}?", "Name the capital of {0}.",
        "Which city is the capital of {0}?", "Tell me the capital of {0}.", "What's the capital of {0}?",
        "Do you know the capital of {0}?", "{0} has which capital?", "The capital city of {0} is?",
        "I need the capital of {0}."],
        "The capital of {0} is {1}."),
    "country": (CAPITALS, [
        "{1} is the capital of which country?", "Which country has the capital {1}?",
        "What country is {1} the capital of?", "Of which country is {1} the capital?",
        "Name the country whose capital is {1}.", "{1} is the capital of what country?"],
        "{1} is the capital of {0}."),
    "continent": (CONTINENTS, [
        "On which continent is {0}?", "Which continent is {0} in?", "What continent is {0} on?",
        "Where is {0}?", "Name the continent of {0}.", "{0} is on which continent?",
        "Tell me the continent of {0}."],
        "{0} is in {1}."),
    "opposite": (OPPOSITES, [
        "What is the opposite of {0}?", "Opposite of {0}?", "Tell me the opposite of {0}.",
        "What's the opposite of {0}?", "Name the opposite of {0}.", "Which word is the opposite of {0}?",
        "Give the opposite of {0}.", "What word means the opposite of {0}?"],
        "The opposite of {0} is {1}."),
    "colour": (COLOURS_OF, [
        "What colour is {0}?", "What color is {0}?", "Which colour is {0}?", "Tell me the colour of {0}.",
        "What is the colour of {0}?", "What is the color of {0}?", "Which color does {0} have?"],
        "The colour of {0} is {1}."),
    "sound": (SOUNDS, [
        "What sound does a {0} make?", "What does a {0} say?", "What noise does a {0} make?",
        "How does a {0} sound?", "Which sound does a {0} make?", "Tell me the sound of a {0}."],
        "The {0} says {1}."),
    "baby": (BABIES, [
        "What is a baby {0} called?", "What do you call a baby {0}?", "What's a young {0} called?",
        "Name for a baby {0}?", "How do you call a young {0}?", "What is the name for a baby {0}?"],
        "A baby {0} is called a {1}."),
    "legs": (LEGS, [
        "How many legs does a {0} have?", "How many legs has a {0}?", "Number of legs of a {0}?",
        "Tell me how many legs a {0} has.", "What is the number of legs of a {0}?",
        "A {0} has how many legs?"],
        "A {0} has {1} legs."),
    "home": (HOMES, [
        "Where does a {0} live?", "What is the home of a {0}?", "In what does a {0} live?",
        "What is the home of a {0} called?", "Tell me where a {0} lives.", "A {0} lives where?"],
        "The home of a {0} is a {1}."),
    "plural": (PLURALS, [
        "What is the plural of {0}?", "Plural of {0}?", "Give the plural of {0}.",
        "What's the plural form of {0}?", "Tell me the plural of {0}.",
        "What is the plural of the word {0}?"],
        "The plural of {0} is {1}."),
    "past": (PASTS, [
        "What is the past tense of {0}?", "Past tense of {0}?", "Give the past tense of {0}.",
        "What's the past of {0}?", "Tell me the past tense of {0}.",
        "What is the past form of {0}?"],
        "The past tense of {0} is {1}."),
    "sides": (SIDES, [
        "How many sides does a {0} have?", "How many sides has a {0}?", "Number of sides of a {0}?",
        "How many corners does a {0} have?", "Tell me how many sides a {0} has.",
        "A {0} has how many sides?"],
        "A {0} has {1} sides."),
    "count": (COUNTS, [
        "How many {0} are in {1}?", "How many {0} are there in {1}?", "How many {0} does {1} have?",
        "How many {0} has {1}?", "Tell me how many {0} {1} has.", "Number of {0} in {1}?",
        "What is the number of {0} in {1}?"],
        "There are {2} {0} in {1}."),
    "next_day": (NEXT_DAY, [
        "What day comes after {0}?", "Which day follows {0}?", "What is the day after {0}?",
        "Day after {0}?", "Today is {0}. What day is tomorrow?", "What comes after {0}?",
        "Which day comes next after {0}?"],
        "The day after {0} is {1}."),
    "day_before": (DAY_BEFORE, [
        "What day comes before {0}?", "Which day is before {0}?", "What is the day before {0}?",
        "Day before {0}?", "Today is {0}. What day was yesterday?", "What comes before {0}?"],
        "The day before {0} is {1}."),
    "next_month": (NEXT_MONTH, [
        "What month comes after {0}?", "Which month follows {0}?", "What is the month after {0}?",
        "Month after {0}?", "What comes after {0}?", "Which month comes next after {0}?"],
        "The month after {0} is {1}."),
    "month_before": (MONTH_BEFORE, [
        "What month comes before {0}?", "Which month is before {0}?", "What is the month before {0}?",
        "Month before {0}?", "What comes before {0}?", "Which month comes just before {0}?"],
        "The month before {0} is {1}."),
    "nth_month": (NTH_MONTH, [
        "What is the {0} month?", "Which month is the {0}?", "What is the {0} month of the year?",
        "Name the {0} month of the year.", "Tell me the {0} month.", "Which is the {0} month?"],
        "The {0} month is {1}."),
    "nth_planet": (NTH_PLANET, [
        "What is the {0} planet?", "Which planet is the {0} from the sun?",
        "What is the {0} planet from the sun?", "Name the {0} planet.", "Tell me the {0} planet.",
        "Which is the {0} planet?"],
        "The {0} planet is {1}."),
}

# Single facts: every question of a group has the same answer; the last question is held out.
SINGLES = [
    ("Drover is a server for Llama 3 models. It is written in Swift.",
     ["What is Drover?", "Tell me about Drover.", "What does Drover do?", "Explain Drover.",
      "Drover, what is that?", "Describe Drover."]),
    ("Drover is written in Swift.",
     ["What language is Drover written in?", "In which language is Drover written?",
      "Which programming language does Drover use?", "What is Drover written in?"]),
    ("Llama is a family of open language models.",
     ["What is Llama?", "What is Llama 3?", "Tell me about Llama 3.", "What are Llama models?",
      "Explain Llama.", "Describe Llama 3."]),
    ("A llama is an animal of South America with soft wool.",
     ["What is a llama?", "Tell me what a llama is.", "What kind of animal is a llama?",
      "Describe a llama."]),
    ("A drover is a person who moves a herd of animals.",
     ["What is a drover?", "Who is called a drover?", "What does a drover do?",
      "What does the word drover mean?"]),
    ("Swift is a programming language.",
     ["What is Swift?", "Tell me what Swift is.", "What kind of thing is Swift?", "Explain Swift."]),
    ("A token is a small piece of text.",
     ["What is a token?", "Tell me what a token is.", "Explain tokens.", "Explain what a token is."]),
    ("A herd is a group of animals that live together.",
     ["What is a herd?", "Tell me what a herd is.", "What does herd mean?", "Explain the word herd."]),
    ("Water freezes at 0 degrees Celsius.",
     ["At what temperature does water freeze?", "When does water freeze?",
      "What is the freezing point of water?", "How cold is freezing water?", "How cold must water be to freeze?",
      "How cold must it be for water to freeze?"]),
    ("Water boils at 100 degrees Celsius.",
     ["At what temperature does water boil?", "When does water boil?",
      "What is the boiling point of water?", "How hot is boiling water?", "How hot must water be to boil?",
      "How hot must it be for water to boil?"]),
    ("The largest planet is Jupiter.",
     ["What is the largest planet?", "Which planet is the largest?", "What is the biggest planet?",
      "Which planet is the biggest?"]),
    ("The smallest planet is Mercury.",
     ["What is the smallest planet?", "Which planet is the smallest?", "Name the smallest planet.",
      "Tell me the smallest planet."]),
    ("The tallest animal is the giraffe.",
     ["What is the tallest animal?", "Which animal is the tallest?", "Name the tallest animal.",
      "Tell me the tallest animal."]),
    ("The largest animal is the blue whale.",
     ["What is the largest animal?", "Which animal is the largest?", "Name the biggest animal.",
      "What is the biggest animal?"]),
    ("The fastest land animal is the cheetah.",
     ["What is the fastest land animal?", "Which land animal is the fastest?",
      "Name the fastest animal on land.", "Which animal runs fastest?"]),
    ("The highest mountain is Mount Everest.",
     ["What is the highest mountain?", "Which mountain is the highest?", "Name the highest mountain.",
      "What is the tallest mountain?"]),
    ("Bees make honey.",
     ["Who makes honey?", "Which animal makes honey?", "What do bees make?", "Where does honey come from?"]),
    ("Plants need water and light.",
     ["What do plants need?", "What does a plant need to grow?", "What do plants need to grow?",
      "Tell me what plants need."]),
    ("The seasons are spring, summer, autumn and winter.",
     ["What are the seasons?", "Name the seasons.", "What are the four seasons?",
      "Tell me the four seasons."]),
    ("The primary colours are red, yellow and blue.",
     ["What are the primary colours?", "Name the primary colours.", "What are the primary colors?",
      "Tell me the primary colours."]),
]

PREFIXES = ["", "", "", "", "", "", "Please tell me: ", "Hi! ", "Hello. ", "Quick question: ", "Hey, ",
            "One more thing: ", "Question: ", "Okay, ", "So, ", "Now "]


def dressed(rng, question):
    """Small talk around a question, and the sloppy typing of real users."""
    prefix = rng.choice(PREFIXES)
    if prefix.endswith((", ", "Now ")) and question[1:2].islower():
        question = question[0].lower() + question[1:]
    roll = rng.random()
    if roll < 0.06:
        return (prefix + question).lower().rstrip("?.")
    if roll < 0.16:
        return (prefix + question).rstrip("?.")
    return prefix + question




def choose_phrase(rng, phrases, test, keep=HELD_OUT_PHRASINGS):
    return rng.choice(phrases[-keep:] if test else phrases[:-keep])


def relation_fact(rng, test, relation=None):
    relation = relation or rng.choices(list(RELATIONS), [len(r[0]) ** 0.8 for r in RELATIONS.values()])[0]
    rows, phrases, answer = RELATIONS[relation]
    row = rng.choice(rows)
    question = with_articles(choose_phrase(rng, phrases, test).format(*row))
    return dressed(rng, question), with_articles(answer.format(*row)), row


def with_articles(text):
    """"a owl" becomes "an owl"."""
    return re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)


def single_fact(rng, test):
    answer, questions = rng.choice(SINGLES)
    return dressed(rng, choose_phrase(rng, questions, test, keep=1)), answer


def fact(rng, test=False):
    if rng.random() < 0.15:
        return single_fact(rng, test)
    return relation_fact(rng, test)[:2]
