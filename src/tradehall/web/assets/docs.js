const place = document.getElementById("swagger-ui");
SwaggerUIBundle({ url: place.dataset.openapi, domNode: place, deepLinking: true, validatorUrl: null });
