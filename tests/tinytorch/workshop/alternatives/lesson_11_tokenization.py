"""Other right bodies for lesson 11, and wrong ones that students write."""

ALTERNATIVES = {
    "text.CharTokenizer.encode": """
def encode(self, text):
    numbers = []
    for character in text:
        if character not in self.characters:
            raise ValueError(f"{character!r} is not known")
        numbers.append(self.characters.index(character))
    return numbers
""",
    "text.count_pairs": """
def count_pairs(words):
    counts = {}
    for ids, times in words:
        for i in range(len(ids) - 1):
            pair = (ids[i], ids[i + 1])
            counts[pair] = counts.get(pair, 0) + times
    return counts
""",
    "text.commonest_pair": """
def commonest_pair(counts):
    best = None
    for pair in counts:
        if counts[pair] < 2:
            continue
        if best is None or counts[pair] > counts[best]:
            best = pair
        elif counts[pair] == counts[best] and pair < best:
            best = pair
    return best
""",
    "text.merge": """
def merge(ids, pair, new):
    out = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
""",
    "text.recount_merges": """
def recount_merges(words, count):
    merges = []
    words = [list(word) for word in words]
    for number in range(count):
        best = commonest_pair(count_pairs(words))
        if best is None:
            return merges
        for word in words:
            word[0] = merge(word[0], best, 256 + number)
        merges.append(best)
    return merges
""",
    "text.ByteBPE.encode_piece": """
def encode_piece(self, piece):
    ids = list(piece.encode("utf-8", "surrogatepass"))
    for number, pair in enumerate(self.merges):
        ids = merge(ids, pair, 256 + number)
    return ids
""",
    "text.ByteBPE.decode": """
def decode(self, ids):
    data = bytearray()
    for i in ids:
        if i < 0 or i >= len(self.tokens):
            raise IndexError(f"there is no token {i}")
        data += self.tokens[i]
    try:
        return bytes(data).decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return bytes(data).decode("utf-8", errors="replace")
""",
    "text.PairCounts.merge": """
def merge(self, pair, new):
    for number in sorted(self.holders[pair]):
        ids, times = self.words[number], self.times[number]
        for i in range(len(ids) - 1):
            self.counts[ids[i], ids[i + 1]] -= times
        out, i = [], 0
        while i < len(ids):
            if tuple(ids[i : i + 2]) == pair:
                out.append(new)
                i += 2
            else:
                out.append(ids[i])
                i += 1
        for i in range(len(out) - 1):
            self.counts[out[i], out[i + 1]] += times
            self.holders[out[i], out[i + 1]].add(number)
        self.words[number] = out
""",
}

MORE = {
    "text.CharTokenizer.encode": [
        """
def encode(self, text):
    try:
        return [self.ids[c] for c in text]
    except KeyError as error:
        raise ValueError(f"unknown: {error}") from None
""",
        """
def encode(self, text):
    if not set(text) <= set(self.characters):
        raise ValueError("a character is not in the vocabulary")
    return list(map(self.ids.get, text))
""",
    ],
    "text.count_pairs": [
        """
def count_pairs(words):
    counts = Counter()
    for ids, times in words:
        for pair in zip(ids, ids[1:]):
            counts[pair] += times
    return counts
""",
        """
def count_pairs(words):
    counts = defaultdict(int)
    for ids, times in words:
        for pair, n in Counter(pairwise(ids)).items():
            counts[pair] += n * times
    return dict(counts)
""",
    ],
    "text.commonest_pair": [
        """
def commonest_pair(counts):
    often = {pair: n for pair, n in counts.items() if n >= 2}
    return min(often, key=lambda pair: (-often[pair], pair), default=None)
""",
        """
def commonest_pair(counts):
    ordered = sorted(counts, key=lambda p: (-counts[p], p[0], p[1]))
    if not ordered or counts[ordered[0]] <= 1:
        return None
    return ordered[0]
""",
    ],
    "text.merge": [
        """
def merge(ids, pair, new):
    out = list(ids)
    i = 0
    while i < len(out) - 1:
        if out[i] == pair[0] and out[i + 1] == pair[1]:
            out[i : i + 2] = [new]
        i += 1
    return out
""",
        """
def merge(ids, pair, new):
    out, skip = [], False
    for i, token in enumerate(ids):
        if skip:
            skip = False
        elif tuple(ids[i : i + 2]) == tuple(pair):
            out.append(new)
            skip = True
        else:
            out.append(token)
    return out
""",
    ],
    "text.recount_merges": [
        """
def recount_merges(words, count):
    merges = []
    while len(merges) < count and (best := commonest_pair(count_pairs(words))):
        words = [(merge(w, best, BYTES + len(merges)), n) for w, n in words]
        merges.append(best)
    return merges
""",
        """
def recount_merges(words, count):
    lists = [ids for ids, _ in words]
    times = [n for _, n in words]
    merges = []
    for new in range(256, 256 + count):
        pair = commonest_pair(count_pairs(zip(lists, times)))
        if pair is not None:
            lists = [merge(ids, pair, new) for ids in lists]
            merges += [pair]
    return merges
""",
    ],
    "text.ByteBPE.encode_piece": [
        """
def encode_piece(self, piece):
    ids = list(to_bytes(piece))
    while len(ids) > 1:
        pairs = set(zip(ids, ids[1:]))
        best = min(pairs, key=lambda pair: self.merged.get(pair, float("inf")))
        if best not in self.merged:
            break
        ids = merge(ids, best, self.merged[best])
    return ids
""",
        """
def encode_piece(self, piece):
    ids = list(to_bytes(piece))
    for pair, new in self.merged.items():
        if pair in pairwise(ids):
            ids = merge(ids, pair, new)
    return ids
""",
    ],
    "text.ByteBPE.decode": [
        """
def decode(self, ids):
    ids = checked_ids(ids, len(self))
    data = b"".join(map(self.tokens.__getitem__, ids))
    try:
        text = data.decode(errors="surrogatepass")
    except UnicodeError:
        text = data.decode(errors="replace")
    return text
""",
        """
def decode(self, ids):
    data = b""
    for i in checked_ids(ids, len(self.tokens)):
        data = data + self.tokens[i]
    try:
        return str(data, "utf-8", "surrogatepass")
    except ValueError:
        return str(data, "utf-8", "replace")
""",
    ],
    "text.PairCounts.merge": [
        """
def merge(self, pair, new):
    for number in list(self.holders[pair]):
        old = self.words[number]
        self.words[number] = merge(old, pair, new)
        for p in pairwise(old):
            self.counts[p] -= self.times[number]
        for p in pairwise(self.words[number]):
            self.counts[p] += self.times[number]
            self.holders[p].add(number)
""",
        """
def merge(self, pair, new):
    a, b = pair
    for number in self.holders.pop(pair):
        ids = self.words[number]
        out = []
        position = 0
        while position < len(ids):
            if ids[position : position + 2] == [a, b]:
                if out:
                    self.trade((out[-1], a), (out[-1], new), number)
                if position + 2 < len(ids):
                    after = ids[position + 2]
                    self.trade((b, after), (new, after), number)
                out.append(new)
                position += 2
            else:
                out.append(ids[position])
                position += 1
        self.words[number] = out
    self.counts[pair] = 0
""",
    ],
}

WRONG = {
    "text.CharTokenizer.encode": {
        "unknown characters are left out": """
def encode(self, text):
    return [self.ids[c] for c in text if c in self.ids]
""",
        "KeyError instead of ValueError": """
def encode(self, text):
    return [self.ids[c] for c in text]
""",
        "code points": """
def encode(self, text):
    return [ord(c) for c in text]
""",
        "unknown characters become 0": """
def encode(self, text):
    return [self.ids.get(c, 0) for c in text]
""",
        "each character once": """
def encode(self, text):
    if set(text) - set(self.ids):
        raise ValueError("unknown")
    return [self.ids[c] for c in sorted(set(text))]
""",
        "positions in the text": """
def encode(self, text):
    if set(text) - set(self.ids):
        raise ValueError("unknown")
    return [text.index(c) for c in text]
""",
    },
    "text.count_pairs": {
        "times is forgotten": """
def count_pairs(words):
    return Counter(pair for ids, times in words for pair in pairwise(ids))
""",
        "a pair counts once a word": """
def count_pairs(words):
    counts = Counter()
    for ids, times in words:
        for pair in set(pairwise(ids)):
            counts[pair] += times
    return counts
""",
        "overwritten instead of added": """
def count_pairs(words):
    counts = {}
    for ids, times in words:
        for pair in pairwise(ids):
            counts[pair] = times
    return counts
""",
        "pairs do not overlap": """
def count_pairs(words):
    counts = Counter()
    for ids, times in words:
        for i in range(0, len(ids) - 1, 2):
            counts[ids[i], ids[i + 1]] += times
    return counts
""",
        "the last pair is missing": """
def count_pairs(words):
    counts = Counter()
    for ids, times in words:
        for i in range(len(ids) - 2):
            counts[ids[i], ids[i + 1]] += times
    return counts
""",
        "pairs across words": """
def count_pairs(words):
    counts, before = Counter(), None
    for ids, times in words:
        for i in ids:
            if before is not None:
                counts[before, i] += times
            before = i
    return counts
""",
        "in any order": """
def count_pairs(words):
    counts = Counter()
    for ids, times in words:
        for a, b in pairwise(ids):
            counts[min(a, b), max(a, b)] += times
    return counts
""",
    },
    "text.commonest_pair": {
        "ties by first seen": """
def commonest_pair(counts):
    best = max(counts, key=counts.get, default=None)
    return best if best is not None and counts[best] > 1 else None
""",
        "ties by largest": """
def commonest_pair(counts):
    best = max(counts, key=lambda pair: (counts[pair], pair), default=None)
    return best if best is not None and counts[best] > 1 else None
""",
        "a pair that occurs once": """
def commonest_pair(counts):
    return min(counts, key=lambda pair: (-counts[pair], pair), default=None)
""",
        "an error where there is none": """
def commonest_pair(counts):
    most = max(counts.values())
    return min(pair for pair in counts if counts[pair] == most) if most > 1 else None
""",
        "the count instead of the pair": """
def commonest_pair(counts):
    return max(counts.values(), default=None)
""",
        "twice is not enough": """
def commonest_pair(counts):
    best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
    return best if best is not None and counts[best] > 2 else None
""",
        "compared as text": """
def commonest_pair(counts):
    often = [pair for pair in counts if counts[pair] > 1]
    return min(often, key=lambda pair: (-counts[pair], str(pair)), default=None)
""",
    },
    "text.merge": {
        "overlapping places": """
def merge(ids, pair, new):
    out = []
    for i in range(len(ids)):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
        elif i == 0 or tuple(ids[i - 1 : i + 1]) != pair:
            out.append(ids[i])
    return out
""",
        "in place": """
def merge(ids, pair, new):
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new]
        i += 1
    return ids
""",
        "only the first place": """
def merge(ids, pair, new):
    ids = list(ids)
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new]
            break
    return ids
""",
        "the second stays": """
def merge(ids, pair, new):
    out = list(ids)
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            out[i] = new
    return out
""",
        "the last one is lost": """
def merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
""",
        "through text": """
def merge(ids, pair, new):
    text = " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new))
    return [int(word) for word in text.split()]
""",
        "in either order": """
def merge(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        if set(ids[i : i + 2]) == set(pair) and i + 1 < len(ids):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out
""",
    },
    "text.recount_merges": {
        "counts only once": """
def recount_merges(words, count):
    counts = count_pairs(words)
    merges = []
    while len(merges) < count and commonest_pair(counts):
        merges.append(commonest_pair(counts))
        del counts[merges[-1]]
    return merges
""",
        "times is lost": """
def recount_merges(words, count):
    merges = []
    while len(merges) < count:
        pair = commonest_pair(count_pairs(words))
        if pair is None:
            break
        words = [(merge(ids, pair, 256 + len(merges)), 1) for ids, _ in words]
        merges.append(pair)
    return merges
""",
        "ids start at 257": """
def recount_merges(words, count):
    merges = []
    while len(merges) < count:
        pair = commonest_pair(count_pairs(words))
        if pair is None:
            break
        merges.append(pair)
        words = [(merge(ids, pair, 256 + len(merges)), n) for ids, n in words]
    return merges
""",
        "always the same id": """
def recount_merges(words, count):
    merges = []
    while len(merges) < count:
        pair = commonest_pair(count_pairs(words))
        if pair is None:
            break
        words = [(merge(ids, pair, 256), n) for ids, n in words]
        merges.append(pair)
    return merges
""",
        "never stops early": """
def recount_merges(words, count):
    merges = []
    for number in range(count):
        pair = commonest_pair(count_pairs(words))
        words = [(merge(ids, pair, 256 + number), n) for ids, n in words]
        merges.append(pair)
    return merges
""",
        "the None is kept": """
def recount_merges(words, count):
    merges = []
    for number in range(count):
        pair = commonest_pair(count_pairs(words))
        merges.append(pair)
        if pair is None:
            break
        words = [(merge(ids, pair, 256 + number), n) for ids, n in words]
    return merges
""",
    },
    "text.ByteBPE.encode_piece": {
        "the leftmost first": """
def encode_piece(self, piece):
    ids = list(to_bytes(piece))
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) in self.merged:
            ids[i : i + 2] = [self.merged[ids[i], ids[i + 1]]]
            i = 0
        else:
            i += 1
    return ids
""",
        "the longest token first": """
def encode_piece(self, piece):
    data, ids = to_bytes(piece), []
    while data:
        fits = [t for t in self.tokens if data.startswith(t)]
        longest = max(fits, key=len)
        ids.append(self.tokens.index(longest))
        data = data[len(longest):]
    return ids
""",
        "characters instead of bytes": """
def encode_piece(self, piece):
    ids = [ord(c) for c in piece]
    for pair, new in self.merged.items():
        ids = merge(ids, pair, new)
    return ids
""",
        "one merge and no more": """
def encode_piece(self, piece):
    ids = list(to_bytes(piece))
    fitting = [pair for pair in pairwise(ids) if pair in self.merged]
    if fitting:
        best = min(fitting, key=self.merged.get)
        ids = merge(ids, best, self.merged[best])
    return ids
""",
        "the last one learned first": """
def encode_piece(self, piece):
    ids = list(to_bytes(piece))
    while fitting := [pair for pair in pairwise(ids) if pair in self.merged]:
        best = max(fitting, key=self.merged.get)
        ids = merge(ids, best, self.merged[best])
    return ids
""",
        "plain UTF-8": """
def encode_piece(self, piece):
    ids = list(piece.encode("utf-8"))
    for pair, new in self.merged.items():
        ids = merge(ids, pair, new)
    return ids
""",
    },
    "text.ByteBPE.decode": {
        "each token alone": """
def decode(self, ids):
    ids = checked_ids(ids, len(self))
    return "".join(self.tokens[i].decode("utf-8", "replace") for i in ids)
""",
        "an error for bytes that are no text": """
def decode(self, ids):
    ids = checked_ids(ids, len(self))
    return b"".join(self.tokens[i] for i in ids).decode("utf-8", "surrogatepass")
""",
        "lone surrogates are lost": """
def decode(self, ids):
    ids = checked_ids(ids, len(self))
    return b"".join(self.tokens[i] for i in ids).decode("utf-8", "replace")
""",
        "negative ids count from the end": """
def decode(self, ids):
    data = b"".join([self.tokens[i] for i in ids])
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
""",
        "bytes instead of text": """
def decode(self, ids):
    return b"".join([self.tokens[i] for i in checked_ids(ids, len(self))])
""",
        "wrong bytes are dropped": """
def decode(self, ids):
    data = b"".join([self.tokens[i] for i in checked_ids(ids, len(self))])
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "ignore")
""",
        "each byte a letter": """
def decode(self, ids):
    data = b"".join([self.tokens[i] for i in checked_ids(ids, len(self))])
    return data.decode("latin-1")
""",
    },
    "text.PairCounts.merge": {
        "only the words": """
def merge(self, pair, new):
    for number in self.holders.pop(pair):
        ids, i = self.words[number], 0
        while i < len(ids) - 1:
            if (ids[i], ids[i + 1]) == pair:
                ids[i : i + 2] = [new]
            i += 1
    del self.counts[pair]
""",
        "only the left neighbour": """
def merge(self, pair, new):
    first, second = pair
    for number in self.holders.pop(pair):
        ids, i = self.words[number], 0
        while i < len(ids) - 1:
            if (ids[i], ids[i + 1]) == pair:
                if i > 0:
                    self.trade((ids[i - 1], first), (ids[i - 1], new), number)
                ids[i : i + 2] = [new]
            i += 1
    del self.counts[pair]
""",
        "times is forgotten": """
def merge(self, pair, new):
    first, second = pair
    for number in self.holders.pop(pair):
        old = self.words[number]
        out = []
        for i in old:
            if out and (out[-1], i) == pair:
                out[-1] = new
            else:
                out.append(i)
        self.words[number] = out
        self.counts.subtract(pairwise(old))
        self.counts.update(pairwise(out))
        for p in pairwise(out):
            self.holders[p].add(number)
""",
        "the merged pair keeps its count": """
def merge(self, pair, new):
    first, second = pair
    for number in self.holders.pop(pair):
        ids, i = self.words[number], 0
        while i < len(ids) - 1:
            if (ids[i], ids[i + 1]) == pair:
                if i > 0:
                    self.trade((ids[i - 1], first), (ids[i - 1], new), number)
                if i + 2 < len(ids):
                    self.trade((second, ids[i + 2]), (new, ids[i + 2]), number)
                ids[i : i + 2] = [new]
            i += 1
""",
        "holders do not follow": """
def merge(self, pair, new):
    first, second = pair
    for number in self.holders.pop(pair):
        ids, i = self.words[number], 0
        while i < len(ids) - 1:
            if (ids[i], ids[i + 1]) == pair:
                times = self.times[number]
                if i > 0:
                    self.counts[ids[i - 1], first] -= times
                    self.counts[ids[i - 1], new] += times
                if i + 2 < len(ids):
                    self.counts[second, ids[i + 2]] -= times
                    self.counts[new, ids[i + 2]] += times
                ids[i : i + 2] = [new]
            i += 1
    del self.counts[pair]
""",
        "everything counted anew": """
def merge(self, pair, new):
    for number, ids in enumerate(self.words):
        out = []
        for i in ids:
            if out and (out[-1], i) == pair:
                out[-1] = new
            else:
                out.append(i)
        self.words[number] = out
    self.counts = count_pairs(zip(self.words, self.times))
    for number, ids in enumerate(self.words):
        for p in pairwise(ids):
            self.holders[p].add(number)
""",
        "the neighbours as they were before": """
def merge(self, pair, new):
    first, second = pair
    for number in self.holders.pop(pair):
        ids, out = self.words[number], []
        i = 0
        while i < len(ids):
            if tuple(ids[i : i + 2]) == pair:
                if i > 0:
                    self.trade((ids[i - 1], first), (ids[i - 1], new), number)
                if i + 2 < len(ids):
                    self.trade((second, ids[i + 2]), (new, ids[i + 2]), number)
                out.append(new)
                i += 2
            else:
                out.append(ids[i])
                i += 1
        self.words[number] = out
    del self.counts[pair]
""",
    },
}
