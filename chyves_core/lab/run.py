"""Start one of the lab's programs: `run.py zfs list -H`. The files in a lab's bin/ call this.

Python compiles this file each time that it is run, so there is nothing else in it.
"""

import gc
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from chyves_core.lab.light import lighten_imports

if __name__ == "__main__":
    gc.disable()  # until the program is loaded: there is nothing to collect
    lighten_imports()
    from chyves_core.lab.running import leave, main

    leave(main())
