# A static binary on an empty image: no shell, no libraries, an unprivileged user.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags netgo -trimpath -ldflags "-s -w" -o /out/axon-mcp ./cmd/axon-mcp \
 && mkdir -m 700 -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/axon-mcp /axon-mcp
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV AXON_DATA_DIR=/data AXON_MCP_HTTP_HOST=0.0.0.0
VOLUME /data
EXPOSE 8001
ENTRYPOINT ["/axon-mcp"]
CMD ["serve"]
