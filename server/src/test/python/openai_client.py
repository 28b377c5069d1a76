"""The calls of OpenAI's own Python client against ocelli serve: python openai_client.py ADDRESS TOKEN PICTURE."""

import base64
import sys

import openai
from openai import OpenAI

address, token, picture = sys.argv[1:]
client = OpenAI(base_url=address + "/v1", api_key=token, max_retries=0, timeout=60)
with open(picture, "rb") as file:
    data = "data:image/png;base64," + base64.b64encode(file.read()).decode()


def user(text, *pictures):
    parts = [{"type": "text", "text": text}]
    parts += [{"type": "image_url", "image_url": {"url": url, "detail": "auto"}} for url in pictures]
    return {"role": "user", "content": parts}


def ask(*messages, **more):
    return client.chat.completions.create(model="one", messages=list(messages), **more)


# plain
plain = ask({"role": "system", "content": "you see drawings."}, {"role": "user", "content": "what do you see?"}, max_tokens=5, temperature=0)
assert plain.object == "chat.completion" and plain.model == "one" and plain.choices[0].message.role == "assistant"
assert plain.choices[0].message.content and plain.choices[0].finish_reason in ("stop", "length")
assert plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens
assert 1 <= plain.usage.completion_tokens <= 5

# with a picture, its answer drawn by a seed
drawn = dict(temperature=1, top_p=0.9, seed=3, max_completion_tokens=20)
seen = ask(user("what is the shape?", data), **drawn)
assert seen.choices[0].message.content
assert ask(user("what is the shape?", data), **drawn).choices[0].message.content == seen.choices[0].message.content
assert seen.usage.prompt_tokens > ask(user("what is the shape?"), **drawn).usage.prompt_tokens

# streaming
text, usage, finish = "", None, None
for chunk in ask(user("what is the shape?", data), stream=True, stream_options={"include_usage": True}, **drawn):
    assert chunk.object == "chat.completion.chunk"
    usage = chunk.usage or usage
    for choice in chunk.choices:
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
assert text.strip() == seen.choices[0].message.content, (text, seen.choices[0].message.content)
assert usage == seen.usage and finish == seen.choices[0].finish_reason

# a stream that is left early
stream = ask(user("what is the shape?", data), stream=True, temperature=1, max_tokens=60)
next(iter(stream))
stream.close()

# several turns
turns = [user("what is the shape?", data), {"role": "assistant", "content": "a circle."}, {"role": "user", "content": "is it red?"}]
assert ask(*turns, **drawn).usage.prompt_tokens > seen.usage.prompt_tokens

# stop texts
word = seen.choices[0].message.content.split(" ")[2]
cut = ask(user("what is the shape?", data), stop=[word], **drawn)
assert word not in cut.choices[0].message.content and cut.choices[0].finish_reason == "stop"

# fields of ours
assert ask(user("what?", data), extra_body={"use_lora": False}).choices[0].message.content is not None

# embeddings: the client asks for base64 of its own accord
made = client.embeddings.create(model="one", input=["a red circle", "a blue square"])
assert [item.index for item in made.data] == [0, 1] and len(made.data[0].embedding) == len(made.data[1].embedding)
assert abs(sum(x * x for x in made.data[0].embedding) - 1) < 1e-3
plain_numbers = client.embeddings.create(model="one", input="a red circle", encoding_format="float")
assert max(abs(a - b) for a, b in zip(plain_numbers.data[0].embedding, made.data[0].embedding)) < 1e-5

# models
assert [model.id for model in client.models.list()] == ["one", "two"]
assert client.models.retrieve("two").id == "two"


# errors, each as the client's own kind
def fails(kind, call, word):
    try:
        call()
    except kind as error:
        assert word in f"{error} {error.code}", error
        return
    raise AssertionError("no " + kind.__name__)


fails(openai.NotFoundError, lambda: client.chat.completions.create(model="gpt", messages=[user("x")]), "model_not_found")
fails(openai.NotFoundError, lambda: client.models.retrieve("three"), "three")
fails(openai.BadRequestError, lambda: ask(user("x"), temperature=-1), "temperature")
fails(openai.BadRequestError, lambda: ask(user("x", "http://127.0.0.1/a.png")), "image_address_refused")
fails(openai.BadRequestError, lambda: ask(user("x", "data:image/png;base64,AAAA")), "invalid_image")
fails(openai.AuthenticationError, lambda: client.with_options(api_key="wrong").models.list(), "invalid_api_key")
print("fine")
