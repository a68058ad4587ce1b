for path in $PATHS; do
    if [ -f "$path" ]; then
        sum=$(sha256sum <"$path")
        echo "file ${sum%% *} $(stat -c '%a %U:%G' "$path") $path"
    fi
done
