"""Benchmarks: label models x classifiers x seeds on benchmark sets, so that label quality can be compared.

What is measured, and how:

- A label model is fitted on the votes of the train split (and its texts, if it uses them), a classifier is trained on
  the label model's probabilities of the train texts that it can label, and both are scored on the test split.
- A test row without any vote gets the class that the label model gives to most train rows, with the mean of the train
  rows' probabilities. Ties are broken by the policy "random": by a hash of the votes and the seed.
- The metric is F1 of the positive class for the sets that are scored so everywhere (sms, census, spouse, cdr), and
  accuracy for any other, unless another is asked for.
- Three tracks are never mixed. ``no_gold``: no true label is seen before scoring. ``validation_gold``: gold of the valid
  split gives the class balance, stops training early and selects among models. ``clean_labels``: some train gold, too.
- On clean labels alone, the ceiling included, "bert" replaces "robust": gold needs no denoising.
- Every cell is computed in its own process, so that peak memory is measured per cell and a crash costs one cell.
"""
