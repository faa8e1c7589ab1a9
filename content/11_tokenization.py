# %% [markdown]
# # 11 · Tokens: text as numbers, and back
#
# A picture comes as numbers: red, green and blue, 0 to 255, in a grid. You could feed
# it to a network as it was. A sentence has no pixels. "whale" is not more or less than
# "sea", it is not 3 times anything, and nobody can multiply it by a weight. Before a
# network can read, someone has to decide **which pieces a text is made of**, and give
# each kind of piece a number: a *token* with its *id*.
#
# The choice is not innocent. Too small pieces, and a text becomes so long that nothing
# can be remembered across it. Too large ones, and most of them are so rare that nothing
# can be learned about them. And whatever the pieces are, the text must come back from
# its ids, letter for letter.
#
# In this lesson you build the tokenizer that language models use, byte-pair encoding.
# You train it on a whole novel, here, in seconds, and measure what the obvious program
# would have taken.
#
# **You need:** Python lists and dictionaries. **It takes** about 75 minutes.

# %%
import time
from collections import Counter

import numpy as np

from tinytorch import text, workshop
from tinytorch.text import (
    ByteBPE,
    CharTokenizer,
    PairCounts,
    count_words,
    learn_merges,
    split_pieces,
)
from tinytorch.utils.data import CIFAR10, novel
from tinytorch.utils.plot import line_plot
from tinytorch.utils.words import coloured_text, merge_tree, shown
from tinytorch.workshop import build, check, draft, predict, predictions

workshop.open(11)

# %% [markdown]
# ## 1 Mathematics
#
# ### An image is numbers already, a text is not
#
# The next cell looks at both as they come from the server.

# %%
photo = CIFAR10(train=False, progress=False).data[0]
book = novel()
print(
    f"a photograph: {photo.dtype} of shape {photo.shape}, from {photo.min()}", end=" "
)
print(f"to {photo.max()}: {photo[0, 0, :6]} …")
print(f"a novel: {len(book):,} characters, {len(set(book))} different ones")
print(repr(book[22:95]))

# %% [markdown]
# The numbers of the photograph *mean* something: 200 is brighter than 100, and between
# them lies 150. The numbers of the letters do not: `ord("a")` is 97 and `ord("b")` is
# 98, but nothing lies between a and b. An id is a **name**. It must be the same each
# time and different for different things, and that is all.
#
# ### The shortest code is not the best
#
# Let a text have $L$ tokens out of a vocabulary of $V$ kinds. Both cost something:
#
# - a model reads and writes token by token, so time grows with $L$ (and the cost of
#   letting every token look at every other one, lesson 13, with $L^2$);
# - a model keeps a row of weights for each kind, so memory grows with $V$.
#
# Characters make $V$ small and $L$ large, whole words the other way round. And a word
# that was never seen has no id at all.
#
# ### Pairs
#
# Byte-pair encoding lets the text decide. Start with single letters. **Find the pair of
# neighbours that occurs most often, and give it an id of its own.** Replace it
# everywhere. Repeat. By hand, for the text `aab aab aab`, word by word:
#
# | step | the words | pairs | the commonest |
# | --- | --- | --- | --- |
# | 0 | a a b · ␣ a a b · ␣ a a b | aa 3, ab 3, ␣a 2 | aa |
# | 1 | X b · ␣ X b · ␣ X b | Xb 3, ␣X 2 | Xb |
# | 2 | Y · ␣ Y · ␣ Y | ␣Y 2 | ␣Y |
# | 3 | Y · Z · Z | none | |
#
# with X = aa, Y = Xb = aab and Z = ␣Y. In step 0, two pairs occur three times each. Any
# rule will do to choose, as long as it is always the same one; ours takes the smaller
# pair.
#
# Three merges turned 11 letters into 3 tokens. Frequent words become one token, rare
# ones stay in pieces, and **nothing is ever unknown**, since the single letters are
# still there.
#
# ### Which letters?
#
# There are over 150,000 of them in the world, and more each year. But every text is
# stored as **bytes**, and there are only 256 of these. So ids 0 to 255 are the bytes,
# and the first merge makes id 256. A letter outside plain English is several bytes,
# which soon become one token if the letter is frequent.

# %%
for letter in ("e", "é", "鯨", "🐳"):
    data = letter.encode()
    print(f"{letter}   {len(data)} bytes: {list(data)}")

# %% [markdown]
# ## 2 Naive implementation
#
# ### A number for each character
#
# The simplest tokenizer of all numbers the characters that it has seen. Each has its
# number in the dictionary `self.ids`. What it has not seen it cannot encode, and it
# should say so rather than leave it out: raise a `ValueError`.

# %% part="text.CharTokenizer.encode"

# %%
letters = CharTokenizer(book)
ids = letters.encode("Call me Ishmael.")
print(ids, "→", letters.decode(ids))
try:
    letters.encode("a 🐳!")
except ValueError as error:
    print("ValueError:", str(error)[-40:])

# %% [markdown]
# ### Words first
#
# No token shall reach across the end of a word: "dog." and "dog," should share the
# token for "dog". So a text is first cut into pieces, each word with the space before
# it, and merges stay within the pieces. A novel has many words, but far fewer
# *different* ones: it is enough to look at each of these, and to know how often it
# occurs.

# %%
print("|".join(split_pieces("It's the whale, the 3 whales!")))
words = count_words(book)
occurrences = sum(times for _, times in words)
print(f"\n{occurrences:,} pieces, {len(words):,} different ones; the first three:")
for ids, times in words[:3]:
    print(f"  {ids} = {bytes(ids)}, {times} times")

# %% [markdown]
# ### Count the pairs
#
# Now count how often each pair of neighbours occurs. A word is given as
# `(ids, times)`: it counts `times` times. The result is a dictionary from pairs, tuples
# of two ids, to numbers.

# %% part="text.count_pairs"

# %%
counts = text.count_pairs(words)
for pair, times in Counter(counts).most_common(5):
    print(f"{shown(bytes(pair))}   {times:>7,}")
print(f"{len(counts):,} different pairs")

# %% [markdown]
# ### Choose one
#
# The pair with the largest count; of several, the smallest pair (Python compares tuples
# from the left, so `(1, 5) < (2, 0)`). A pair that occurs only once saves nothing: then
# the answer is `None`.

# %% part="text.commonest_pair"

# %% [markdown]
# ### Merge it
#
# Replace each occurrence of the pair by the new id, from the left. What do you make of
# `[7, 7, 7]`, if 7 7 becomes 9? The first two are merged, and then there is only one 7
# left. And mind the last element.

# %% part="text.merge"

# %% [markdown]
# ### Again and again
#
# With these three, learning is a short loop: count, choose, merge in every word, and
# write the pair down. Merge number 0 makes id 256, number 1 makes 257. `BYTES` is 256.

# %% part="text.recount_merges"

# %%
some = count_words(book[:60_000])
start = time.perf_counter()
merges = text.recount_merges(some, 60)
spent = time.perf_counter() - start
first = ByteBPE(merges)
print(f"{len(merges)} merges of {len(some):,} different words in {spent:.2f} s:")
print(" ".join(shown(token) for token in first.tokens[256:]))

# %% [markdown]
# The first merges are what a typist would guess: `␣t`, `he`, `␣the`. A program that
# knows no English has found out what English is made of. One token is no letter at all:
# `\xe2\x80` are two of the three bytes of this novel's dashes and quotation marks. Here
# is how some tokens came about; each was merged of the two below it.

# %%
made_of = {256 + i: pair for i, pair in enumerate(merges)}
longest = sorted(made_of, key=lambda i: -len(first.tokens[i]))[:4]
merge_tree(first.tokens, made_of, longest)

# %% [markdown]
# ### From text to ids
#
# A new text is treated as the training text was: each piece starts as bytes
# (`to_bytes(piece)`), and the merges are applied **in the order in which they were
# learned**. `self.merged` has the id that each pair becomes; as ids were given in the
# order of learning, the merge to do first is the one with the smallest id. Go on until
# none fits.
#
# Taking the longest token that fits looks just as good. It gives other ids, though, and
# a model that has learned from one kind of pieces does not know the other.

# %% part="text.ByteBPE.encode_piece"

# %% [markdown]
# ### … and back
#
# `self.tokens` has the bytes of each id. Join them and read the result as UTF-8. Two
# traps. A letter may be split between two tokens, so join first and read afterwards.
# And a model may write ids whose bytes are no text at all: then, but only then, each
# wrong piece becomes "�" (`"replace"`). The word `"surrogatepass"` makes Python read
# also what `to_bytes` makes of half characters, which some files contain.
#
# An id outside the vocabulary is an `IndexError`, a negative one too;
# `checked_ids(ids, len(self))` sees to it.

# %% part="text.ByteBPE.decode"

# %% [markdown]
# Whatever you feed it must come back. Here is a collection of what breaks tokenizers:
# letters of several bytes, a family that is one picture and seven code points, a zero
# byte, both ways to end a line, half a character, and bytes that are no text.

# %%
awkward = {
    "plain": "Call me Ishmael.",
    "accents, composed or not": "naïve e\u0301",
    "another script": "白鯨と海",
    "emoji with joiners": "👩‍👩‍👧‍👦 and 🏴‍☠️",
    "a zero byte, CR LF": "a\0b\r\nc\n\r",
    "half a character": "\ud83d alone",
    "bytes that are no text": b"\xff\xfe\x80".decode("utf-8", "surrogateescape"),
    "nothing": "",
}
for name, sample in awkward.items():
    ids = first.encode(sample)
    verdict = "comes back" if first.decode(ids) == sample else "is LOST"
    print(f"{name:<26}{len(sample):>3} characters {len(ids):>3} tokens, {verdict}")

# %% [markdown]
# ### What no text may say
#
# A model must also be told where one text ends and the next begins. For that there are
# **special tokens**: ids beyond the merges, with a name. No text is ever encoded to
# one, even if it contains the name. Otherwise a visitor who types `<end>` could end the
# model's answer.

# %%
with_end = ByteBPE(merges, special=["<end>"])
end = with_end.special["<end>"]
typed = with_end.encode("the <end>")
print(f"<end> is id {end}; typed by a visitor it becomes {typed}")
print(repr(with_end.decode([*with_end.encode("the"), end])))

# %% [markdown]
# ## 3 Systems analysis
#
# ### How long would the whole novel take?
#
# **Predict first.** `recount_merges` counts every pair of every word anew for each
# merge. But how many of the words hold the pair that was just merged? Guess for merge
# number 100 of the novel, as a share of its different words.

# %% tags=["prediction"]
share_guess = predict("Words that hold the pair of merge 100?", ..., unit="%")

# %%
some_merges = learn_merges(words, 100)
pairs = PairCounts(words)
shares = []
for number, pair in enumerate(some_merges):
    shares.append(len(pairs.holders[pair]) / len(words))
    pairs.merge(pair, 256 + number)
print(f"merge   1: {shares[0]:7.2%} of the words hold the pair")
print(f"merge 100: {shares[-1]:7.2%}")
share_guess.measured(100 * shares[-1])
line_plot(
    {"share of words": (range(1, 101), [100 * share for share in shares])}, "merge", "%"
)

# %% [markdown]
# Most words do not hold it. They are counted again and give the same counts as before.
# The work of a recount is *merges × all words*; the work that is needed is *merges ×
# words that change*.
#
# ### What does the plain version cost?


# %%
def time_of(learn, merges):
    """Return the seconds that learning some merges of the novel takes."""
    start = time.perf_counter()
    learn(words, merges)
    return time.perf_counter() - start


recounted = time_of(text.recount_merges, 6) / 6
print(f"{recounted * 1e3:.0f} ms a merge: 768 merges would take", end=" ")
print(f"{768 * recounted:.0f} s")

# %% [markdown]
# ## 4 Optimisation path
#
# ### Update, do not recount
#
# Look at one place where `1 2` is merged to `9`:
#
# $$\dots\; 3 \;\; \boxed{1 \;\; 2} \;\; 4 \;\dots
# \quad\longrightarrow\quad \dots\; 3 \;\; \boxed{9} \;\; 4 \;\dots$$
#
# The pair (3, 1) occurs once less here and (3, 9) once more; (2, 4) once less and
# (9, 4) once more. That is all. Every other count stays what it was. (Once: in a word
# that occurs `times` times, `times` times.)
#
# `PairCounts` keeps the books: `words` and `times` by the word's number, `counts` by
# pair, and `holders`, the numbers of the words that hold a pair. `trade(old, new,
# number)` notes that in word `number` one pair gave way to another. Your part goes
# through the holders of the pair, merges it in each of these words (in place, or as a
# new list put into `self.words`), and notes what changes beside each merged place.
#
# Mind two merged places side by side: in `1 2 1 2`, the left neighbour of the second
# place is already 9. And the merged pair itself is gone from the counts.

# %% part="text.PairCounts.merge"

# %% [markdown]
# Both must learn the same, or the quick one is worth nothing. Then, side by side:

# %%
assert learn_merges(some, 60) == text.recount_merges(some, 60)
kept = time_of(learn_merges, 100) / 100
print(f"counted anew:    {recounted * 1e3:8.1f} ms a merge")
print(f"counts that follow: {kept * 1e3:5.1f} ms a merge,", end=" ")
print(f"{recounted / kept:.0f} times as quick (the first count included)")

# %% [markdown]
# ### Your tokenizer, of the whole novel
#
# 768 merges and 256 bytes make a vocabulary of 1,024. This runs on your functions.

# %%
start = time.perf_counter()
tokenizer = ByteBPE.train(book, 1024)
spent = time.perf_counter() - start
print(f"trained on {len(book.encode()):,} bytes in {spent:.1f} s")
start = time.perf_counter()
ids = tokenizer.encode(book)
print(f"encoded in {time.perf_counter() - start:.1f} s:", end=" ")
print(f"{len(ids):,} tokens, {len(book) / len(ids):.2f} characters each")
print("it comes back:", tokenizer.decode(ids) == book)

# %%
passage = book[22:300]
coloured_text([tokenizer.tokens[i] for i in tokenizer.encode(passage)])

# %%
made_of = {256 + i: pair for i, pair in enumerate(tokenizer.merges)}
whale = tokenizer.encode(" whale")[0]
captain = tokenizer.encode(" Captain")[0]
merge_tree(tokenizer.tokens, made_of, [whale, captain])

# %% [markdown]
# ### How large a vocabulary?
#
# The first merges of a large vocabulary are the merges of a small one, so one training
# gives all of them. The model in question is a small GPT: 128 numbers for each token,
# 4 layers, which have about 0.8 million weights together, and a table with a row of 128
# weights for each kind of token.
#
# **Predict first.** From 256 to 1,024 kinds, the table grows by a factor of 4. By what
# factor does the text get shorter?

# %% tags=["prediction"]
shorter_guess = predict("How much shorter is the text?", ..., unit="times")

# %%
sizes = [256, 320, 384, 512, 768, 1024]
sample = book[:150_000]
lengths = []
print("kinds   tokens  characters each  table weights   share of the model")
for size in sizes:
    small = ByteBPE(tokenizer.merges[: size - 256])
    lengths.append(len(small.encode(sample)))
    table = 128 * size
    share = table / (table + 800_000)
    each = len(sample) / lengths[-1]
    print(f"{size:>5}{lengths[-1]:>9,}{each:>13.2f}{table:>18,}{share:>17.1%}")
shorter_guess.measured(lengths[0] / lengths[-1])

# %%
line_plot(
    {"tokens": (np.log2(sizes), [n / 1000 for n in lengths])},
    "log₂ of the number of kinds",
    "thousand tokens",
)

# %% [markdown]
# Each doubling of the vocabulary costs twice the table and shortens the text by less
# than the doubling before. Large models use 50,000 to 250,000 kinds, because beside
# their billions of weights even that table is small, and a shorter text saves them time
# at every layer. For a model that fits into a tab, a thousand or two is a good buy.
#
# ### What a tokenizer does to other texts

# %%
others = {
    "the novel": book[200_000:200_300],
    "letters swapped": book[200_000:200_300].swapcase(),
    "digits": "3141592653589793238462643383279502884197" * 7,
    "German": "Der Wal schwimmt durch das weite Meer und sucht den Kapitän. " * 5,
    "Japanese": "白い鯨は海を泳ぎ、船長を探している。" * 16,
}
for name, other in others.items():
    count = len(tokenizer.encode(other))
    print(f"{name:<18}{len(other) / count:5.2f} characters a token")

# %% [markdown]
# All of them come back without loss, but not at the same price. What was rare in the
# training text takes more tokens: a language that was hardly there is slower and dearer
# to use, and less of it fits into a model's memory. A tokenizer's training text is a
# decision about people.

# %% [markdown]
# ## Bug hunt
#
# A colleague has written a trainer of their own, with your functions. Every text comes
# back, every assertion holds. But the model trained on it is slower than yours and
# learns worse, with a vocabulary of the same size.


# %%
def colleagues_tokenizer(training_text, vocab_size):
    """Learn as many merges, on the colleague's own account."""
    found = Counter(training_text.split())
    words = [(list(word.encode()), times) for word, times in found.items()]
    return ByteBPE(learn_merges(words, vocab_size - 256))


theirs = colleagues_tokenizer(sample, 512)
ours = ByteBPE.train(sample, 512)
assert theirs.decode(theirs.encode(book)) == book
for name, each in {"theirs": theirs, "ours": ours}.items():
    print(f"{name:<7}{len(each):>5} kinds {len(each.encode(sample)):>8,} tokens")

# %% [markdown]
# Find the one wrong line. You have `coloured_text`, the `tokens` of both,
# `split_pieces` and `count_words`. Begin with what you can see:

# %%
coloured_text([theirs.tokens[i] for i in theirs.encode(passage[:100])])

# %%
coloured_text([ours.tokens[i] for i in ours.encode(passage[:100])])

# %% [markdown]
# <details><summary>What is wrong, and how to see it</summary>
#
# In the first picture every space is a token of its own.
# <code>training_text.split()</code> throws the spaces away, so the trainer never saw a
# word with the space before it. <code>encode</code> cuts with
# <code>split_pieces</code>, which keeps the space, and no merge fits it. None of
# <code>theirs.tokens</code> has a space in it, but for the space itself. The cure is
# <code>count_words(training_text)</code>: **train on what you will encode.** The round
# trip could not show it, because it holds for any merges at all.
# </details>

# %% [markdown]
# ## Check your understanding
#
# Think of an answer before you unfold it.
#
# <details><summary>A vocabulary of 1,024 with two special tokens: how many
# merges?</summary>
#
# 1,024 − 256 − 2 = 766.
# </details>
#
# <details><summary>Why can a text never contain an unknown token?</summary>
#
# Every text is bytes, and all 256 bytes are in the vocabulary. In the worst case a text
# has one token a byte.
# </details>
#
# <details><summary>The merges are (b, c), then (a, b). What becomes of "abc"?</summary>
#
# a and (bc): the merge learned first is done first, and then (a, b) fits no more.
# </details>
#
# <details><summary>Which counts change when the pair in the middle of
# <code>5 1 2 1 2 6</code> is merged, at both places?</summary>
#
# (5, 1) gives way to (5, 9), (2, 1) first to (9, 1) and then, with the second place, to
# (9, 9), and (2, 6) to (9, 6). (1, 2) is gone.
# </details>
#
# <details><summary>Someone trains a tokenizer on the test set too, because "it has no
# weights". What do you say?</summary>
#
# Its merges are learned from data like weights are. Words that are frequent in the test
# set get short codes, and the loss per character looks better than it is.
# </details>

# %%
predictions()

# %% [markdown]
# ## Can I turn text into numbers and back, losslessly?

# %%
workshop.progress()

# %% [markdown]
# ## What comes next
#
# The novel is a list of ids now, and every id is a name without a meaning: token 300 is
# no closer to 301 than to 7. A network that multiplies ids by weights would treat them
# as brightness. Each id needs **numbers of its own, that can be learned**: a row in a
# table. And as the same word means something else at another place in the sentence, the
# place needs numbers too. That is lesson 12.
