"""The exact categorizer: trains and predicts in integers only, so that equal input gives equal
bytes everywhere.

Plain Python without Django. Only `training` and `evaluation` need scikit-learn and Numba;
everything a server, a job or an auditor needs imports NumPy and the standard library alone.
"""
