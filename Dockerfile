FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md ./
COPY shared shared
COPY backend backend
COPY frontend frontend
RUN pip install --no-cache-dir -c constraints.txt -e . \
    && useradd --create-home --uid 1000 galaxy \
    && mkdir /data && chown galaxy /data
USER galaxy
ENV GALAXYSCOPE_HOME=/data PYTHONUNBUFFERED=1
EXPOSE 8501
CMD ["galaxyscope", "up"]
