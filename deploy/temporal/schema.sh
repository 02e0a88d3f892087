#!/bin/sh
# Makes Temporal's two databases and brings their schemas up to date. Doing it again changes nothing. The SQL_ variables say
# where; temporal-sql-tool is in Temporal's admin-tools image.
set -eu
for part in temporal visibility; do
  database=temporal
  [ "$part" = temporal ] || database="temporal_$part"
  temporal-sql-tool --database "$database" create-database
  temporal-sql-tool --database "$database" setup-schema --version 0.0
  temporal-sql-tool --database "$database" update-schema --schema-name "postgresql/v12/$part"
done
