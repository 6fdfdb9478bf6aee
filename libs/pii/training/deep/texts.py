"""Texts as the network sees them: tokens of each word, how the word is written, and the tag of its first token."""

import json
import unicodedata

from tokenizers import Tokenizer

MOST_TOKENS_OF_WORD = 16
CLS, SEP = 101, 102


def shape_of(word):
    """0 none of these, 1 small letters, 2 Capital first, 3 CAPITALS, 4 miXed, 5 number. The same as word-shape.ts of deep-names."""
    lower, upper = word.lower(), word.upper()
    if lower == upper:
        return 5 if unicodedata.category(word[0]).startswith("N") else 0
    if word == lower:
        return 1
    if word == upper:
        return 2 if len(word) == 1 else 3
    return 2 if word[1:] == lower[1:] else 4


def read_sets(path):
    sets = {}
    with open(path, encoding="utf8") as lines:
        for line in lines:
            entry = json.loads(line)
            sets.setdefault(entry["set"], []).append((entry["words"], entry["tags"]))
    return sets


class Encoder:
    def __init__(self, tokenizer_file):
        self.tokenizer = Tokenizer.from_file(tokenizer_file)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.known = {}

    def ids_of(self, word):
        if word not in self.known:
            self.known[word] = self.tokenizer.encode(word, add_special_tokens=False).ids[:MOST_TOKENS_OF_WORD]
        return self.known[word]

    def encode(self, words, tags, most):
        """(ids, shapes, labels) with the frame; label -1 for what isn't judged. Cut at `most` tokens."""
        ids, shapes, labels = [CLS], [0], [-1]
        for word, tag in zip(words, tags):
            own = self.ids_of(word)
            if len(ids) + len(own) >= most:
                break
            ids += own
            shapes += [shape_of(word)] * len(own)
            labels += [tag] + [-1] * (len(own) - 1) if own else []
        return ids + [SEP], shapes + [0], labels + [-1]
