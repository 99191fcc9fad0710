"""One-scan networks on real nodules: boxed volumes filled to whole ROIs, drawn nodules, folds by patient."""
