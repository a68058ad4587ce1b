# COMMAND, PASSWORD, TEMP_DIR, and the login's HOME and TMPDIR: has sudo run COMMAND, which begins with it, or says why not.
#
# It always ends with success: after a failure pyinfra asks a person for the password as soon as it reads sudo's word of
# one. What it prints of its own begins with "k8s-ha-login ". Sent on stdin, so that it runs under any login shell that can run sh.
export LC_ALL=C

# runs FOLDER: whether a program that is put there can be run, as pyinfra's, which hands the password to sudo, must be.
runs() {
    program=$(mktemp "$1/pyinfra-sudo-askpass-XXXXXXXXXXXX") &&
        printf '%s\n' '#!/bin/sh' 'exit 0' >"$program" && chmod 700 "$program" && "$program"
}

if ! command -v sudo >/dev/null 2>&1; then
    echo "k8s-ha-login lacks sudo"
    exit 0
fi
if [ -n "$PASSWORD" ]; then
    trap 'rm -f "$program"' EXIT
    folder=${TMPDIR:-$TEMP_DIR} # in pyinfra's order
    if ! runs "$folder"; then
        rm -f "$program"
        echo "k8s-ha-login folder $folder"
        [ -z "${TMPDIR:-}" ] || echo "k8s-ha-login variable TMPDIR"
        for other in "$HOME" /var/tmp /tmp; do
            if runs "$other" 2>/dev/null; then echo "k8s-ha-login instead $other" && break; fi
            rm -f "$program"
        done
        exit 0
    fi
    # Once: sudo would ask it three times, and three wrong passwords lock an account.
    printf '%s\n' '#!/bin/sh' 'echo "#!/bin/sh" >"$0"' 'printf "%s\n" "$PYINFRA_SUDO_PASSWORD"' >"$program"
    SUDO_ASKPASS=$program
    PYINFRA_SUDO_PASSWORD=$PASSWORD
    export SUDO_ASKPASS PYINFRA_SUDO_PASSWORD
fi
eval "$COMMAND" </dev/null || echo "k8s-ha-login failed $?"
