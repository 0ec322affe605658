#!/bin/sh
# Decides about a deploy: $1 state directory, $2 id, $3 confirmed|revoked. Prints the decision that stands, which may be
# another. Opened for reading as well, the pipe never blocks the writer, also when no supervisor reads it any more.
folder=$1/deploys/$2
if ln -s "$3" "$folder/decision" 2> /dev/null; then
  printf . 1<> "$folder/wake"
  echo "$3"
else
  readlink "$folder/decision"
fi
