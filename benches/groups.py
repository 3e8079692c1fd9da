"""Rivals in grouping: `groups.py FILE.csv` (columns id, text, label) prints one JSON object, method -> [NMI, ARI, groups].

KMeans told the true number of labels, a graph of 10 neighbours with Leiden at resolutions 1 and 4, both on TF-IDF of characters and
of words with 150 singular vectors; GSDMM (Yin and Wang 2014) with 150 groups up to 3,100 rows. Needs python3 with scikit-learn;
jieba and opencc (opencc-python-reimplemented) for Chinese; igraph and leidenalg for Leiden, else without it.
"""
import csv, json, re, sys
import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.preprocessing import normalize

with open(sys.argv[1], encoding="utf-8", newline="") as f:
    rows = list(csv.DictReader(f))
texts, truth = [r["text"] for r in rows], [r["label"] for r in rows]
chinese = any(ord(c) > 0x2E80 for t in texts[:300] for c in t)
if chinese:
    import jieba
    from opencc import OpenCC
    jieba.setLogLevel(60)
    texts = list(map(OpenCC("t2s").convert, texts))
    tokens = [[w for w in jieba.lcut(t.lower(), HMM=False) if re.search(r"\w", w)] for t in texts]
else:
    tokens = [re.findall(r"[a-z0-9']+", t.lower()) for t in texts]


def reduced(x):
    rank = min(150, x.shape[1] - 1, x.shape[0] - 1)
    return normalize(TruncatedSVD(rank, random_state=0, n_iter=4).fit_transform(x))


spaces = {
    "characters": reduced(TfidfVectorizer(analyzer="char" if chinese else "char_wb", ngram_range=(1, 3) if chinese else (3, 5), sublinear_tf=True, min_df=2).fit_transform(texts)),
    "words": reduced(TfidfVectorizer(analyzer=lambda t: t + [a + "|" + b for a, b in zip(t, t[1:])], sublinear_tf=True, min_df=2).fit_transform(tokens)),
}


def neighbours(z, k=10):
    n = len(z)
    index, weight = np.zeros((n, k), int), np.zeros((n, k))
    for a in range(0, n, 1000):
        s = z[a : a + 1000] @ z.T
        s[np.arange(len(s)), np.arange(a, a + len(s))] = -9
        i = np.argpartition(-s, k, 1)[:, :k]
        index[a : a + 1000], weight[a : a + 1000] = i, np.take_along_axis(s, i, 1)
    graph = sp.csr_matrix((np.maximum(weight, 0).ravel(), (np.repeat(np.arange(n), k), index.ravel())), (n, n))
    return graph.maximum(graph.T)


def leiden(graph, resolution):
    import igraph, leidenalg
    upper = sp.triu(graph, 1).tocoo()
    g = igraph.Graph(n=graph.shape[0], edges=np.c_[upper.row, upper.col].tolist())
    kind = leidenalg.RBConfigurationVertexPartition
    return leidenalg.find_partition(g, kind, weights=upper.data.tolist(), resolution_parameter=resolution, seed=0, n_iterations=3).membership


def gsdmm(k=150, alpha=0.1, beta=0.05, rounds=15):
    rng = np.random.default_rng(0)
    x = CountVectorizer(analyzer=lambda t: t, min_df=2).fit_transform(tokens).tocsr()
    n, v = x.shape
    z = rng.integers(0, k, n)
    m, words = np.bincount(z, minlength=k).astype(float), np.zeros((k, v))
    part = lambda i: slice(x.indptr[i], x.indptr[i + 1])
    for i in range(n):
        words[z[i], x.indices[part(i)]] += x.data[part(i)]
    total = words.sum(1)
    for _ in range(rounds):
        for i in range(n):
            index, count = x.indices[part(i)], x.data[part(i)]
            length = count.sum()
            words[z[i], index] -= count
            total[z[i]] -= length
            m[z[i]] -= 1
            p = np.log(m + alpha)
            for w, c in zip(index, count):
                for j in range(c):
                    p = p + np.log(words[:, w] + beta + j)
            for j in range(length):
                p = p - np.log(total + v * beta + j)
            p = np.exp(p - p.max())
            z[i] = rng.choice(k, p=p / p.sum())
            words[z[i], index] += count
            total[z[i]] += length
            m[z[i]] += 1
    return z


def score(found):
    return [normalized_mutual_info_score(truth, found), adjusted_rand_score(truth, found), len(set(found))]


out = {}
for name, z in spaces.items():
    out[f"KMeans on {name}"] = score(KMeans(len(set(truth)), n_init=3, random_state=0).fit_predict(z))
    try:
        graph = neighbours(z, min(10, len(z) - 1))
        for resolution in (1, 4):
            out[f"Leiden {resolution} on {name}"] = score(leiden(graph, resolution))
    except ImportError:
        pass
if len(texts) <= 3100:
    for beta in (0.05, 0.1):
        out[f"GSDMM {beta}"] = score(gsdmm(beta=beta))
print(json.dumps(out))
