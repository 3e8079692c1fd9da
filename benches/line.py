"""The line to beat: scikit-learn's TF-IDF and LinearSVC on the same split. `line.py TRAIN TEST` prints one JSON object.

Features as usual for these sets: character 1-3-grams; for English words 1-2 and characters 2-4 inside words. With `--same` the
features of ahu: words 1-2 and characters 1-4, for timing. Needs python3 with scikit-learn.
"""
import csv, json, sys, time
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = [(r["text"], r["label"]) for r in csv.DictReader(f)]
    return [t for t, _ in rows], [l for _, l in rows]


train, labels = read(sys.argv[1])
test, truth = read(sys.argv[2])
english = sum(c.isascii() for t in train[:500] for c in t) > 0.9 * sum(len(t) for t in train[:500])
vectors = lambda **k: TfidfVectorizer(sublinear_tf=True, **k)
start = time.perf_counter()
if english:
    features = make_union(vectors(ngram_range=(1, 2)), vectors(analyzer="char_wb", ngram_range=(2, 4)))
elif "--same" in sys.argv:
    import jieba
    jieba.setLogLevel(60)
    features = make_union(vectors(tokenizer=lambda t: jieba.lcut(t, HMM=False), token_pattern=None, ngram_range=(1, 2), min_df=2), vectors(analyzer="char", ngram_range=(1, 4), min_df=2))
else:
    features = vectors(analyzer="char", ngram_range=(1, 3))
x = features.fit_transform(train)
several = any("|" in l for l in labels)
if several:
    binarizer = MultiLabelBinarizer()
    y = binarizer.fit_transform([l.split("|") for l in labels])
    model = OneVsRestClassifier(LinearSVC(C=1)).fit(x, y)
else:
    model = LinearSVC(C=1).fit(x, labels)
seconds = time.perf_counter() - start
given = model.predict(features.transform(test))
if several:
    truth = binarizer.transform([l.split("|") for l in truth])
    first = f1_score(truth, given, average="micro")
else:
    first = accuracy_score(truth, given)
import resource
print(json.dumps({"first": first, "macro_f1": f1_score(truth, given, average="macro"), "seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
