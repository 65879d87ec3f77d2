"""Conversations with tools: definitions in the OpenAI shape, a request, the call, its result.

Two sources: a catalogue of everyday tools with natural requests, and made-up tools whose names,
arguments and values are random, so that the right answer can only be copied from the prompt.
String values obey the held-out rule of words.py.
"""

import json

from words import (ACTIVITIES, ANIMALS, CLOTHES, COLOURS, DAYS, FOODS, FRUITS, FURNITURE, INSTRUMENTS, LANGUAGES,
                   OBJECTS, TOOLS, VEGETABLES, article, draw, held_out, made_up, made_up_name, person, place)


def words_value(rng):
    return " ".join(made_up(rng, 1, 2) if rng.random() < 0.3 else rng.choice(TASK_THINGS + TASK_VERBS)
                    for _ in range(rng.randint(1, 3)))


TASK_VERBS = """buy find clean bring paint fix send sell open carry walk wash feed call meet visit order check read
write pack move cook water bake build lift hide draw lock sort weigh return borrow rent test mend fold paint train
brush cut dry empty fill hang iron load mix peel plant polish pull push roll shake sew shut stack sweep tie wrap""".split()
TASK_THINGS = sorted(set(OBJECTS + FOODS + ANIMALS + TOOLS + FURNITURE + CLOTHES + INSTRUMENTS + FRUITS + VEGETABLES
                         + """mom dad team boss car bike house garden kitchen plants rent report letter museum
bag shoes mail fence office school teacher doctor door window roof floor wall room bus ticket test lesson song
story paper phone screen""".split()))


def task(rng):
    roll = rng.random()
    if roll < 0.2:
        return rng.choice(ACTIVITIES)
    verb, thing = rng.choice(TASK_VERBS), rng.choice(TASK_THINGS)
    if roll < 0.5:
        return f"{verb} the {thing}"
    if roll < 0.7:
        return f"{verb} the {rng.choice(COLOURS)} {thing}"
    if roll < 0.8:
        return f"{verb} {article(thing)}"
    return f"{verb} {rng.choice(['my', 'your', 'two', 'some', 'new', 'old'])} {thing}"


def email(rng):
    return f"{person(rng).lower().replace(' ', '')}@{made_up(rng, 1, 2)}.{rng.choice(['com', 'org', 'net'])}"


def code(rng):
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return f"{letters}{rng.choice(['-', ''])}{rng.randint(10, 9999)}"


def film(rng):
    first = rng.choice(COLOURS + ["last", "first", "silent"])
    return f"The {first.capitalize()} {rng.choice(OBJECTS).capitalize()}"


def song(rng):
    return rng.choice([film, lambda r: made_up_name(r), lambda r: made_up_name(r) + " " + made_up_name(r)])(rng)


def full_name(rng):
    return f"{person(rng)} {made_up_name(rng)}" if rng.random() < 0.3 else person(rng)


# kind -> (JSON type, how to make a value). Strings are drawn against the held-out rule.
KINDS = {
    "city": ("string", place), "person": ("string", full_name), "email": ("string", email),
    "code": ("string", code), "film": ("string", film), "song": ("string", song), "task": ("string", task),
    "words": ("string", words_value), "food": ("string", lambda r: f"{r.choice(COLOURS)} {r.choice(FOODS)}"
                                               if r.random() < 0.6 else made_up(r, 2, 3)),
    "name": ("string", lambda r: made_up(r, 2, 3)),
    "date": ("string", lambda r: f"20{r.randint(20, 35)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"),
    "time": ("string", lambda r: f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}"),
    "count": ("integer", lambda r: r.randint(1, 20)),
    "number": ("integer", lambda r: r.randint(0, r.choice([99, 999, 9999]))),
    "price": ("number", lambda r: r.choice([r.randint(1, 500), round(r.uniform(1, 99), 1)])),
}
CHOICES = {
    "unit": ["celsius", "fahrenheit"], "language": LANGUAGES, "day": DAYS, "colour": COLOURS[:8],
    "size": ["small", "medium", "large"], "level": ["low", "medium", "high"],
    "operation": ["add", "subtract", "multiply"],
    "currency": ["euro", "dollar", "pound", "yen"], "mode": ["fast", "slow", "quiet"],
}


def value_of(rng, kind, test):
    if kind in CHOICES:
        return rng.choice(CHOICES[kind])
    kind_type, make = KINDS[kind]
    return draw(rng, make, test) if kind_type == "string" else make(rng)


# name, description, {argument: (kind, description)}, requests, result fields
CATALOGUE = [
    ("get_weather", "Get the current weather in a city.", {"city": ("city", "The city name")},
     ["What is the weather in {city}?", "What's the weather like in {city}?", "How is the weather in {city}?",
      "Weather in {city}?", "Is it raining in {city}?", "Tell me the weather in {city}.",
      "Do I need an umbrella in {city}?", "What is the weather in {city} right now?",
      "How warm is it in {city}?", "Is it warm in {city}?", "Is it hot in {city} today?",
      "Will it snow in {city}?", "How cold is it in {city}?", "Is it windy in {city} now?",
      "What should I wear in {city}?", "weather {city}", "Check the weather in {city}.",
      "Is the sun shining in {city}?", "Is it sunny in {city} today?", "Is it cold in {city} today?"]),
    ("get_weather", "Get the weather for a location.",
     {"location": ("city", "City"), "unit": ("unit", "Temperature unit")},
     ["What is the weather in {location} in {unit}?", "Weather in {location}, in {unit} please.",
      "How warm is it in {location}? Use {unit}.", "Give me the weather for {location} in {unit}.",
      "What is the temperature in {location}? In {unit}.", "How cold is it in {location} in {unit}?",
      "Tell me the weather in {location} in {unit}.", "I want the temperature of {location} in {unit}.",
      "How hot is {location} in {unit}?", "{location} weather in {unit}",
      "What's the temperature in {location} in {unit}?"]),
    ("get_time", "Get the local time of a city.", {"city": ("city", "The city")},
     ["What time is it in {city}?", "Tell me the time in {city}.", "What's the local time in {city}?",
      "Time in {city}?", "How late is it in {city}?", "What is the time in {city}?",
      "Which time do they have in {city}?", "What time do they have in {city} now?",
      "What is the time now in {city}?", "Give me the time of {city}.", "clock in {city}",
      "Do you know the time in {city}?", "Which hour is it in {city}?", "Which time is it in {city} now?"]),
    ("send_email", "Send an email.", {"to": ("email", "Address"), "subject": ("words", "Subject line")},
     ["Send an email to {to} about {subject}.", "Write to {to} with the subject {subject}.",
      "Email {to} about {subject}, please.", "Please mail {to} with the subject {subject}.",
      "I want to write to {to} about {subject}.", "Send {to} a mail about {subject}.",
      "Send a mail with the subject {subject} to {to}.", "Mail {to}: {subject}",
      "I need to email {to} about {subject}.", "Send an email about {subject} to {to}.",
      "I have to send {to} a note about {subject}.", "I will send {to} a word about {subject}.",
      "I want to send {to} my thoughts on {subject}.", "Can I send {to} a mail about {subject}?",
      "I would like to send {to} a letter about {subject}.", "Let us send {to} an email: {subject}",
      "I want to send {to} an email about {subject}."]),
    ("send_message", "Send a text message to a person.",
     {"recipient": ("person", "Who gets it"), "text": ("task", "The message")},
     ["Send {recipient} the message: {text}", "Tell {recipient} to {text}.", "Text {recipient}: {text}",
      "Message {recipient}: {text}", "Let {recipient} know to {text}.",
      "Send a message to {recipient}: {text}", "Write {recipient}: {text}",
      "Write to {recipient} that they should {text}.", "Tell {recipient}: {text}",
      "Send to {recipient}: {text}", "Ask {recipient} to {text}.", "Remind {recipient} to {text}.",
      "Write this to {recipient}: {text}", "Write to my friend {recipient}: {text}",
      "Write to {recipient}: {text}"]),
    ("set_alarm", "Set an alarm.", {"time": ("time", "Time as HH:MM")},
     ["Set an alarm for {time}.", "Wake me up at {time}.", "Alarm at {time}, please.",
      "I have to get up at {time}.", "Please wake me at {time}.", "Set my alarm for {time}.",
      "I need an alarm at {time}.", "Can you wake me up at {time}?", "Set the alarm to {time}.",
      "My alarm should ring at {time}.", "Please set my alarm to {time}."]),
    ("set_timer", "Start a timer.", {"minutes": ("count", "Length in minutes")},
     ["Set a timer for {minutes} minutes.", "Start a {minutes} minute timer.", "Timer for {minutes} minutes.",
      "Remind me in {minutes} minutes.", "Set the timer to {minutes} minutes.",
      "I need a timer for {minutes} minutes.", "Give me {minutes} minutes.", "Count down {minutes} minutes.",
      "Start a timer of {minutes} minutes.", "Tell me when {minutes} minutes are over.",
      "Give me a {minutes} minute timer.", "Give me a timer of {minutes} minutes."]),
    ("create_reminder", "Create a reminder.", {"task": ("task", "What to do"), "day": ("day", "The day")},
     ["Remind me to {task} on {day}.", "On {day} I have to {task}. Remind me.",
      "Create a reminder for {day}: {task}", "Please remind me on {day} to {task}.",
      "Remind me on {day}: {task}", "Set a reminder for {day} to {task}.",
      "I must {task} on {day}. Please remind me.", "Make a reminder to {task} on {day}.",
      "{day}: {task}. Remind me.", "I want a reminder on {day} to {task}.",
      "Do not let me forget to {task} on {day}.", "Set a reminder to {task} on {day}."]),
    ("add_task", "Add an item to the task list.", {"title": ("task", "Title of the task")},
     ["Add {title} to my list.", "Put {title} on my list.", "New task: {title}",
      "I have to {title}. Write it down.", "Add a task: {title}", "Please put {title} on the list.",
      "I need to {title}. Put it on my list.", "Task: {title}", "Please note: {title}",
      "Add to my list: {title}", "Please add {title} to my tasks.", "Please add a task: {title}"]),
    ("book_table", "Book a table at a restaurant.",
     {"restaurant": ("song", "Name of the restaurant"), "people": ("count", "Number of guests"),
      "time": ("time", "Time")},
     ["Book a table at {restaurant} for {people} people at {time}.",
      "Reserve a table for {people} at {restaurant} at {time}.",
      "I want to eat at {restaurant} with {people} people at {time}.",
      "Table for {people} at {restaurant}, {time}.", "Please book {restaurant} for {people} people at {time}.",
      "I need a table at {restaurant} for {people} people at {time}.",
      "{people} people at {restaurant}, {time}.",
      "We are {people} people and want to eat at {restaurant} at {time}.",
      "Get us a table for {people} people at {restaurant} at {time}.",
      "A table for {people} people at {restaurant}, {time}, please."]),
    ("book_flight", "Book a flight.",
     {"origin": ("city", "From"), "destination": ("city", "To"), "date": ("date", "Day of travel")},
     ["Book a flight from {origin} to {destination} on {date}.",
      "I want to fly from {origin} to {destination} on {date}.",
      "Fly me to {destination} from {origin} on {date}.",
      "I need a flight from {origin} to {destination} on {date}.",
      "I want to go to {destination} on {date} from {origin}.",
      "Flight to {destination} from {origin}, {date}.", "On {date} I fly from {origin} to {destination}.",
      "A flight to {destination} on {date} from {origin}, please.",
      "Leaving from {origin} on {date}, flying to {destination}.",
      "To {destination} on {date}, leaving from {origin}.",
      "Book a flight to {destination} on {date}, from {origin}.",
      "I need to be in {destination} on {date}, flying from {origin}.",
      "I need a plane to {destination} on {date}. I leave from {origin}.",
      "I need a flight to {destination} on {date}, leaving from {origin}."]),
    ("get_distance", "Distance between two cities.", {"start": ("city", "From"), "end": ("city", "To")},
     ["How far is it from {start} to {end}?", "What is the distance between {start} and {end}?",
      "Distance from {start} to {end}?", "How many kilometres are between {start} and {end}?",
      "Tell me how far it is from {start} to {end}.", "How long is the way from {start} to {end}?",
      "How far is {end} from {start}?", "Give me the distance between {start} and {end}.",
      "{start} to {end}, how far?", "I want to know the distance from {start} to {end}.",
      "Tell me the distance from {start} to {end}."]),
    ("search_web", "Search the web.", {"query": ("words", "Search words")},
     ["Search for {query}.", "Search the web for {query}.", "Look up {query} on the web.",
      "Find pages about {query}.",
      "Please search for {query}.", "Search {query}", "Look for {query}.", "Find {query} on the web.",
      "web search {query}", "I want to read about {query}.", "Search online for {query}.", "Look up {query}.",
      "Please google {query} for me.", "google for {query}", "{query} on the web", "Ask the web about {query}.",
      "Browse {query}.", "Web: {query}",
      "Google {query}."]),
    ("find_recipe", "Find a recipe.", {"dish": ("food", "The dish")},
     ["Find a recipe for {dish}.", "How do I cook {dish}?", "I want to make {dish}.",
      "Recipe for {dish}, please.",
      "Show me a recipe for {dish}.", "How is {dish} made?", "How do you make {dish}?",
      "Tell me how to cook {dish}.", "I want to cook {dish}.", "Teach me to make {dish}.",
      "Show me how to cook {dish}.", "Show me how to make {dish}."]),
    ("play_music", "Play a song.", {"song": ("song", "Title")},
     ["Play {song}.", "Please play {song}.", "I want to hear {song}.", "Put on {song}.",
      "Can you put on {song}?", "Could you play {song}?", "Play the song {song}.", "Let me hear {song}.",
      "Start {song}.", "Will you play {song}?", "Can you play {song}?"]),
    ("translate", "Translate a text.",
     {"text": ("words", "Text to translate"), "language": ("language", "Target language")},
     ["Translate {text} to {language}.", "How do you say {text} in {language}?",
      "What is {text} in {language}?",
      "Translate '{text}' into {language}.", "What does {text} mean in {language}?",
      "Translate {text} into {language}.", "I need {text} in {language}.", "Tell me {text} in {language}.",
      "{text} in {language}, please.", "How would you say {text} in {language}?",
      "Give me {text} in {language}.", "Can you say {text} using {language}?",
      "I want to say {text} in good {language}.", "Say in {language}: {text}", "Pronounce {text} in {language}.",
      "Speak {language}: {text}", "Show me {text} in {language}.", "Write {text} in {language}.",
      "Say {text} in {language}."]),
    ("get_stock_price", "Get the price of a stock.", {"symbol": ("code", "Stock symbol")},
     ["What is the price of {symbol}?", "How much is {symbol} stock?", "Stock price of {symbol}?",
      "Tell me the price of {symbol}.", "How much does {symbol} cost?", "What is {symbol} worth right now?",
      "What does {symbol} cost?", "Price of {symbol}?", "How is {symbol} doing?",
      "What is the stock {symbol} worth?", "What does {symbol} cost right now?"]),
    ("track_order", "Track an order.", {"order_id": ("code", "Order number")},
     ["Where is my order {order_id}?", "Track order {order_id}.", "What is the status of order {order_id}?",
      "Has order {order_id} been sent?", "Check order {order_id}.", "Please track my order {order_id}.",
      "Can you check order {order_id}?", "Look up my order {order_id}.",
      "My order {order_id} is late. Where is it?", "When does order {order_id} come?",
      "Please look for my order {order_id}.", "Please check my order {order_id}."]),
    ("get_user", "Look up a user.", {"user_id": ("number", "Number of the user")},
     ["Who is user {user_id}?", "Look up user {user_id}.", "Show me user {user_id}.",
      "Find the user number {user_id}.",
      "Get user {user_id}.", "Give me user {user_id}.", "I need the data of user {user_id}.",
      "Open user {user_id}.", "Get me the user {user_id}.", "What do we know of user {user_id}?",
      "Get the data of user {user_id}."]),
    ("add_contact", "Save a contact.", {"name": ("person", "Name"), "email": ("email", "Email address")},
     ["Save {name} with the email {email}.", "Add a contact: {name}, {email}",
      "The address of {name} is {email}. Save it.", "New contact: {name}, {email}",
      "Save the contact {name}, {email}.", "Put {name} into my contacts, email {email}.",
      "{name} has the email {email}. Save it.", "Add {name} with email {email}.",
      "Note that {name} has the address {email}.", "New contact {name}, email {email}."]),
    ("set_temperature", "Set the temperature of a room.",
     {"room": ("name", "Room"), "degrees": ("count", "Degrees")},
     ["Set the {room} to {degrees} degrees.", "Make the {room} {degrees} degrees warm.",
      "Heat the {room} to {degrees} degrees.", "Please heat the {room} to {degrees} degrees.",
      "It should be {degrees} degrees in the {room}.", "I need {degrees} degrees in the {room}.",
      "Set {degrees} degrees in the {room}.", "Turn the {room} to {degrees} degrees.",
      "The {room} should have {degrees} degrees.", "I want {degrees} degrees in the {room}."]),
    ("turn_on_light", "Turn on a light.", {"room": ("name", "Room"), "colour": ("colour", "Colour of the light")},
     ["Turn on the {colour} light in the {room}.", "Light the {room} in {colour}.",
      "Make the light in the {room} {colour}.", "I need {colour} light in the {room}.",
      "Turn the light in the {room} to {colour}.", "Give me {colour} light in the {room}.",
      "The light in the {room} should be {colour}.", "Please put {colour} light in the {room}.",
      "Set the {room} light to {colour}.", "I want the light in the {room} to be {colour}.",
      "I want a {colour} lamp in the {room}.", "We want {colour} light for the {room}.",
      "Let there be {colour} light in the {room}.", "I want {colour} light in the {room}."]),
    ("convert_currency", "Convert money.",
     {"amount": ("price", "Amount"), "source": ("currency", "From"), "target": ("currency", "To")},
     ["Convert {amount} {source} to {target}.", "How much is {amount} {source} in {target}?",
      "Change {amount} {source} into {target}.", "What is {amount} {source} in {target}?",
      "{amount} {source} in {target}", "I have {amount} {source}. How much is that in {target}?",
      "{amount} {source} to {target}, please.", "How many {target} are {amount} {source}?",
      "What do I get in {target} for {amount} {source}?", "What makes {amount} {source} in {target}?",
      "What are my {amount} {source} worth in {target}?", "Are {amount} {source} much in {target}?",
      "What are {amount} {source} in {target}?"]),
    ("calculate", "Calculate with two numbers.",
     {"operation": ("operation", "What to do"), "a": ("number", "First number"), "b": ("number", "Second")},
     ["Use the calculator to {operation} {a} and {b}.", "Please {operation} {a} and {b}.",
      "I need to {operation} {a} and {b}.", "Could you {operation} {a} and {b}?",
      "{operation} {a} and {b} with the calculator.", "Use the tool to {operation} {a} and {b}.",
      "I want you to {operation} {a} and {b}.", "Calculate: {operation} {a} and {b}",
      "Can you {operation} {a} and {b}?"]),
    ("get_film", "Look up a film.", {"title": ("film", "Title of the film")},
     ["Who made the film {title}?", "Tell me about the film {title}.", "Find the film {title}.",
      "When did {title} come out?", "Look up {title}.", "What is the film {title} about?",
      "Show me the film {title}.", "Search the film {title}.", "I want to know about the film {title}.",
      "Get the film {title}.", "Look up the film {title}."]),
    ("order_food", "Order food.", {"dish": ("food", "Dish"), "quantity": ("count", "How many")},
     ["Order {quantity} {dish}.", "I want {quantity} {dish}.", "{quantity} {dish}, please.",
      "Order {dish}, {quantity} times.", "{quantity} times {dish}, please.", "Get me {quantity} {dish}.",
      "Please get {quantity} {dish}.", "I would like {quantity} times {dish}.",
      "Order {quantity} times {dish}.", "Please bring {quantity} {dish}.",
      "Please order {quantity} times {dish}."]),
    ("open_file", "Open a file.", {"path": ("name", "File name")},
     ["Open the file {path}.", "Show me the file {path}.", "Open {path}.", "Please open the file {path}.",
      "Can you open {path}?", "Open {path} for me.", "I want to see {path}.", "Please show me {path}.",
      "Could you open {path} for me?", "Show {path}.", "Please open {path} for me."]),
    ("get_birthday", "Find the birthday of a person.", {"person": ("person", "Name")},
     ["When is the birthday of {person}?", "When was {person} born?", "Birthday of {person}?",
      "Tell me the birthday of {person}.", "How old is {person} now?", "On which day was {person} born?",
      "I want to know the birthday of {person}.", "What is the age of {person}?",
      "When does {person} have birthday?", "How old will {person} be?", "How many years old is {person}?",
      "How old was {person} last year?", "Is {person} old?", "How old is {person}?"]),
    ("get_population", "Number of people in a place.", {"place": ("city", "City or country")},
     ["How many people live in {place}?", "What is the population of {place}?", "Population of {place}?",
      "How big is {place}?", "Tell me how many people live in {place}.",
      "What is the number of people in {place}?", "How many live in {place}?",
      "Give me the population of {place}.", "How large is {place}?",
      "I want to know the population of {place}.", "Tell me the population of {place}."]),
    ("create_event", "Put an event into the calendar.",
     {"title": ("words", "Title"), "date": ("date", "Day"), "time": ("time", "Start")},
     ["Create an event {title} on {date} at {time}.", "Put {title} into my calendar on {date} at {time}.",
      "On {date} at {time} there is {title}.", "Plan {title} on {date} at {time}.",
      "{title} on {date} at {time}, please note it.", "Calendar: {title}, {date}, {time}",
      "New event {title} on {date}, {time}.", "I have {title} on {date} at {time}.",
      "Put {title} on {date} at {time}.", "Enter {title} for {date} at {time}.",
      "Plan for {date} at {time}: {title}", "Note {title} for {date} at {time}.",
      "Plan to have {title} on {date} at {time}.", "Schedule {title} for {date} at {time}.",
      "Plan a {title} on {date}, {time}.", "Please plan {title}: {date} at {time}", "On {date} at {time}: {title}",
      "Make an event {title} for {date} at {time}.",
      "Plan {title} for {date} at {time}."]),
]

VERBS = """get find set create delete open check track order update list show start stop read write
lookup fetch compute measure count compare save load move rename book cancel print scan""".split()
NOUNS = """weather price user ticket file room report device sensor invoice song photo parcel train
flight note event account score recipe book ship garden engine market window signal planet robot
customer server document message folder contact meeting order package vehicle""".split()
ARGUMENTS = {
    "city": ["city", "location", "place", "destination", "origin", "town"],
    "person": ["name", "person", "owner", "author", "customer", "user"],
    "email": ["email", "address", "to"], "code": ["id", "code", "ticket_id", "serial", "order_id", "key"],
    "film": ["title", "film"], "task": ["task", "text", "message", "note"],
    "words": ["query", "text", "topic", "label", "subject", "content"],
    "name": ["name", "file", "tag", "item", "keyword", "label"], "date": ["date", "day", "start_date"],
    "time": ["time", "start", "hour"], "count": ["count", "limit", "amount", "quantity", "minutes", "days"],
    "number": ["number", "id", "user_id", "year", "width", "size"], "price": ["price", "weight", "rate"],
    "language": ["language"], "colour": ["color", "colour"], "level": ["level", "priority"], "mode": ["mode"],
    "unit": ["unit"],
}
ONE_ARGUMENT = [
    "{Verb} the {noun} for {v}.", "{Verb} the {noun} with {n} {v}.", "Please {verb} the {noun} {v}.",
    "{Verb} {noun} {v}.", "I need to {verb} the {noun} for {v}.", "Can you {verb} the {noun} of {v}?",
    "Use {tool} with {n} {v}.", "Call {tool} for {v}.", "{Verb} the {noun} whose {n} is {v}.",
    "Run {tool} with {v}.", "{Verb} a {noun}: {v}", "{Noun} for {v}, please."]
SEVERAL_ARGUMENTS = [
    "{Verb} the {noun} with {pairs}.", "Please {verb} the {noun} with {pairs}.", "Use {tool} with {pairs}.",
    "{Verb} a {noun}: {pairs}", "Call {tool}, {pairs}.", "I need to {verb} the {noun}, {pairs}."]


def camel(words):
    return words[0] + "".join(word.capitalize() for word in words[1:])


def made_up_function(rng, test):
    while True:
        verb = rng.choice(VERBS) if rng.random() < 0.8 else made_up(rng, 1, 2)
        noun = rng.choice(NOUNS) if rng.random() < 0.6 else made_up(rng, 1, 3)
        name = f"{verb}_{noun}" if rng.random() < 0.75 else camel([verb, noun])
        if held_out(name) == test:
            return name, verb, noun


def argument_name(rng, kind=None, usual=0.75):
    """A name that fits the kind, as often as `usual` says; else letters that only the definition tells."""
    kind = kind or rng.choice(list(ARGUMENTS))
    return rng.choice(ARGUMENTS[kind]) if rng.random() < usual else made_up(rng, 1, 2)


def made_up_tool(rng, test):
    """(name, description, arguments, requests): names are common or random words."""
    name, verb, noun = made_up_function(rng, test)
    # Training has more arguments and stranger names, so that names are read from the definition, not guessed.
    kinds = rng.sample(list(ARGUMENTS), rng.choices([1, 2, 3, 4], [5, 4, 1, 0] if test else [5, 4, 3, 1])[0])
    arguments = {}
    for kind in kinds:
        argument = argument_name(rng, kind) if test else \
            argument_name(rng, kind if rng.random() < 0.8 else None, 0.6)
        arguments[argument] = (kind, f"The {argument.replace('_', ' ')}")
    if len(arguments) == 1:
        argument = next(iter(arguments))
        request = rng.choice(ONE_ARGUMENT).replace("{v}", "{%s}" % argument).replace("{n}", spoken(argument))
    else:
        order = rng.sample(list(arguments), len(arguments))
        joiner = rng.choice([" {} ", " {} ", " {} ", "={}", ": {}"])
        pairs = [spoken(a) + joiner.replace("{}", "{%s}" % a).rstrip() for a in order]
        request = rng.choice(SEVERAL_ARGUMENTS).replace("{pairs}", joined(pairs))
    request = request.replace("{verb}", verb).replace("{Verb}", verb.capitalize()) \
        .replace("{noun}", noun).replace("{Noun}", noun.capitalize()).replace("{tool}", name)
    return name, f"{verb.capitalize()} the {noun}.", arguments, [request]


def spoken(argument):
    return argument.replace("_", " ")


def joined(items):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def schema(rng, kind, description, style):
    kind_type = "string" if kind in CHOICES else KINDS[kind][0]
    result = {"type": kind_type}
    if style["describe"]:
        result["description"] = description
    if kind in CHOICES and style["enum"] and len(CHOICES[kind]) <= 5:
        result["enum"] = CHOICES[kind]
    return result


def define(rng, tool, style):
    """The OpenAI shape; clients differ in optional keys and key order, so the style varies."""
    name, description, arguments, _ = tool
    parameters = {"type": "object",
                  "properties": {a: schema(rng, k, d, style) for a, (k, d) in arguments.items()}}
    if style["required"]:
        parameters["required"] = list(arguments)
    if style["strict"]:
        parameters["additionalProperties"] = False
    function = {"name": name}
    if style["top_description"]:
        function["description"] = description
    function["parameters"] = parameters
    return ordered({"type": "function", "function": function}, style["sorted"])


def ordered(value, sort):
    return json.loads(json.dumps(value, sort_keys=True)) if sort else value


def draw_style(rng):
    if rng.random() < 0.3:
        return dict.fromkeys(["describe", "enum", "required", "strict", "top_description", "sorted"], False)
    return {"describe": rng.random() < 0.6, "enum": rng.random() < 0.6, "required": rng.random() < 0.8,
            "strict": rng.random() < 0.08, "top_description": rng.random() < 0.85,
            "sorted": rng.random() < 0.12}


def pick_tool(rng, test):
    return rng.choice(CATALOGUE) if rng.random() < (0.5 if test else 0.4) else made_up_tool(rng, test)


def toolbox(rng, test, shares=(5, 3, 2)):
    """Tools with different names, as many as `shares` weighs; evaluation asks for the first."""
    chosen = [pick_tool(rng, test)]
    wanted = rng.choices(range(1, len(shares) + 1), shares)[0]
    while len(chosen) < wanted:
        tool = pick_tool(rng, test)
        if tool[0] not in [t[0] for t in chosen]:
            chosen.append(tool)
    return chosen


def definitions(rng, tools):
    style = draw_style(rng)
    result = [define(rng, tool, style) for tool in tools]
    rng.shuffle(result)
    return result


def request_for(rng, tool, test):
    """A sentence that asks for the tool, and the arguments it must be called with."""
    _, _, arguments, requests = tool
    values = {a: value_of(rng, kind, test) for a, (kind, _) in arguments.items()}
    if test:
        text = rng.choice(requests[-1:]).format(**values)
    else:
        text = training_text(rng, requests, values)
    if rng.random() < 0.05:
        text = text.rstrip(".?")
    return text, values


def training_text(rng, requests, values):
    """Any phrasing but the last one, which evaluation keeps for itself, however it is dressed up."""
    while True:
        text = rng.choice(requests[:-1] or requests).format(**values)
        if rng.random() < 0.3:
            text = dressed(rng, text)
        if len(requests) == 1 or bare(requests[-1].format(**values)) not in bare(text):
            return text


def bare(text):
    return "".join(letter for letter in text.lower() if letter.isalnum())


BEFORE = ["Please {}", "Hello. {}", "Hi, {}", "Now {}", "Okay, {}", "Drover, {}", "And {}", "Next: {}",
          "I have a request: {}", "Tell me, {}", "One more thing: {}"]
AFTER = ["{} now", "{} please", "{}, please.", "{} for me", "{} right now", "{} again", "{} today"]
SENTENCES = ["{} Thanks!", "{} Thank you.", "{} Be quick.", "{} It is important."]


def dressed(rng, text):
    """Words around a request that change nothing about the call."""
    if rng.random() < 0.6:
        first = text[0].lower() + text[1:] if rng.random() < 0.5 else text
        return rng.choice(BEFORE).format(first)
    if rng.random() < 0.3:
        return rng.choice(SENTENCES).format(text)
    return rng.choice(AFTER).format(text.rstrip(".?"))



RESULT_FIELDS = {
    "temperature": lambda r: r.randint(-10, 40),
    "condition": lambda r: r.choice("sunny rainy cloudy windy".split()),
    "status": lambda r: r.choice("done open sent ready waiting".split()), "price": lambda r: r.randint(1, 999),
    "name": person, "time": lambda r: KINDS["time"][1](r), "date": lambda r: KINDS["date"][1](r),
    "distance": lambda r: r.randint(10, 9999), "count": lambda r: r.randint(0, 99), "city": place,
    "total": lambda r: r.randint(1, 9999), "result": lambda r: made_up(r, 1, 3), "id": code, "title": film,
    "owner": person, "colour": lambda r: r.choice(COLOURS), "message": task,
}


def tool_result(rng, test):
    """What the tool gave back, as JSON or as text, and the sentence that reports it."""
    names = rng.sample(list(RESULT_FIELDS), rng.choices([1, 2, 3], [4, 4, 1])[0])
    fields = {name: RESULT_FIELDS[name](rng) for name in names}
    if rng.random() < 0.2:
        key = made_up(rng, 1, 2)
        fields[key] = rng.choice([place, lambda r: r.randint(0, 999)])(rng)
    if rng.random() < 0.25:
        text = str(next(iter(fields.values())))
        return text, f"The result is {text}."
    sentence = joined([f"the {spoken(k)} is {v}" for k, v in fields.items()])
    return json.dumps(fields, ensure_ascii=False), sentence[0].upper() + sentence[1:] + "."
