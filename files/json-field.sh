# Defines field, which prints what a JSON text on stdin has under a name, at its last place: a number, or a string without quotes.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; } # NAME
