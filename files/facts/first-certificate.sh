# Defines first_certificate, which prints the body of a file's first certificate in one line, and nothing of a key beside it.
first_certificate() { sed -n '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p; /-END CERTIFICATE-/q' "$1" | sed '/-----/d' | tr -d '\r\n'; } # FILE
