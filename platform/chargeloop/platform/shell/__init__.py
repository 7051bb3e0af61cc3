"""How the rental platform talks: store, HTTP, MQTT, tariff files and the export."""
