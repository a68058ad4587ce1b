# Marks this control plane as one that is being restored. Stands behind restore-mark.sh.
reached begun || note begun
