"""Say in which arithmetic this process really runs, as one line of JSON.

A wrong name in a variable that switches CPU features off is ignored without a word, so the
matrix asks here instead of believing its own settings. The probes of libm and BLAS also
show that ordinary floating point does differ between the rows of the matrix.
"""

import hashlib
import json
import math
import platform
import struct
from typing import Any

import numpy as np
import scipy.linalg  # noqa: F401  (loads its own BLAS, so that threadpoolctl sees it)
from numba.core.registry import cpu_target
from threadpoolctl import threadpool_info


def main() -> None:
    multiarray: Any = __import__("numpy._core._multiarray_umath", fromlist=["_"])
    features = multiarray.__cpu_features__
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    inputs = [0.1 + index / 977 for index in range(4000)]
    libm = struct.pack("<4000d", *(math.exp(x) * math.log(x + 1) for x in inputs))
    matrix = np.array(inputs * 10).reshape(200, 200)
    blas = (matrix @ matrix.T).tobytes() + np.exp(matrix).tobytes()
    print(
        json.dumps(
            {
                "machine": platform.machine(),
                "python": platform.python_version(),
                "numpy": np.__version__,
                "simd": [name for name in multiarray.__cpu_dispatch__ if features[name]],
                "blas": sorted({pool["architecture"] for pool in pools}),
                "threads": max((pool["num_threads"] for pool in pools), default=1),
                "numba": cpu_target.target_context.codegen().magic_tuple()[1],
                "libm": hashlib.sha256(libm).hexdigest(),
                "floats": hashlib.sha256(libm + blas).hexdigest(),
            }
        )
    )


if __name__ == "__main__":
    main()
