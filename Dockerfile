# The product alone: server, worker, migrations and the command line. Temporal and PostgreSQL are their own images.
ARG GO_IMAGE=golang:1.26
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X koppel/cli.Version=${VERSION}" -o /koppel .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /koppel /koppel
USER 65532:65532
ENTRYPOINT ["/koppel"]
CMD ["server"]
