"""
The network in JAX: a BERT encoder (Devlin et al. 2019) whose words also say how they are written, and a linear layer
that gives each token one number a tag.
"""

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

LAYERS = 6
HEADS = 12
TAGS = ["O", "B-PERSON", "I-PERSON", "B-LOCATION", "I-LOCATION", "B-ORGANIZATION", "I-ORGANIZATION"]
# The base reads everything in small letters: how a word was written is told beside it (texts.py).
SHAPES = 6


def load_base(path, seed):
    """Weights of all-MiniLM-L6-v2, matrices turned so that rows are inputs; what is new begins at or near nothing."""
    raw = load_file(path)
    embed = "embeddings."
    params = {
        "words": raw[embed + "word_embeddings.weight"],
        "places": raw[embed + "position_embeddings.weight"] + raw[embed + "token_type_embeddings.weight"][0],
        "shapes": np.zeros((SHAPES, raw[embed + "word_embeddings.weight"].shape[1]), np.float32),
        "norm": norm_of(raw, embed + "LayerNorm"),
        "layers": [layer_of(raw, f"encoder.layer.{at}.") for at in range(LAYERS)],
    }
    width = params["words"].shape[1]
    head = np.random.default_rng(seed).normal(0, 0.02, (width, len(TAGS))).astype(np.float32)
    params["head"] = {"w": head, "b": np.zeros(len(TAGS), np.float32)}
    return jax.tree.map(jnp.asarray, params)


def norm_of(raw, name):
    return {"scale": raw[name + ".weight"], "shift": raw[name + ".bias"]}


def linear_of(raw, *names):
    return {
        "w": np.concatenate([raw[name + ".weight"].T for name in names], axis=1),
        "b": np.concatenate([raw[name + ".bias"] for name in names]),
    }


def layer_of(raw, name):
    own = name + "attention.self."
    return {
        "qkv": linear_of(raw, own + "query", own + "key", own + "value"),
        "out": linear_of(raw, name + "attention.output.dense"),
        "norm1": norm_of(raw, name + "attention.output.LayerNorm"),
        "up": linear_of(raw, name + "intermediate.dense"),
        "down": linear_of(raw, name + "output.dense"),
        "norm2": norm_of(raw, name + "output.LayerNorm"),
    }


def logits(params, ids, shapes, mask, drop):
    """ids, shapes and mask: [texts, tokens]. `drop` is None, or a key by which a tenth of what is passed on is left out."""
    keys = iter([None] * 64 if drop is None else jax.random.split(drop, 64))
    x = params["words"][ids] + params["places"][: ids.shape[1]] + params["shapes"][shapes]
    x = dropped(normed(x, params["norm"]), next(keys))
    outside = (1.0 - mask[:, None, None, :]) * -1e9
    for layer in params["layers"]:
        x = normed(x + dropped(attended(x, outside, layer), next(keys)), layer["norm1"])
        inner = jax.nn.gelu(linear(x, layer["up"]), approximate=False)
        x = normed(x + dropped(linear(inner, layer["down"]), next(keys)), layer["norm2"])
    return linear(dropped(x, next(keys)), params["head"])


def attended(x, outside, layer):
    texts, tokens, width = x.shape
    parted = linear(x, layer["qkv"]).reshape(texts, tokens, 3, HEADS, width // HEADS)
    query, key, value = (parted[:, :, at].transpose(0, 2, 1, 3) for at in range(3))
    weights = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) / np.sqrt(width // HEADS) + outside, axis=-1)
    return linear((weights @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, width), layer["out"])


def linear(x, layer):
    return x @ layer["w"] + layer["b"]


def normed(x, norm):
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * norm["scale"] + norm["shift"]


def dropped(x, key):
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 0.9, x.shape), x / 0.9, 0.0)
